"""Content files: read once, checked key by key. Every problem names its line."""

import tomllib
from collections.abc import Mapping
from pathlib import Path

import foreign
from lessons.course import ContentError
from lessons.text import clean

LARGEST_FILE = 1_000_000
LARGEST_COUNT = 10**15
"""No whole number of a course is larger."""
_OWN = Path(__file__).parent
"""What came with the program, and may be links where an installer saves space."""


def check_inside(file: Path, root: Path) -> None:
    """ContentError for a file that lies outside its course, whatever its name says."""
    try:
        if not file.is_relative_to(_OWN):
            foreign.inside(root, str(file.relative_to(root)))
    except ValueError:
        raise ContentError(file, 1, f"lies outside {root}; a course holds all its files itself") from None


class Source:
    """One text file; ContentError when it is missing, too large, not UTF-8, or lies outside `root`, the course."""

    def __init__(self, file: Path, root: Path | None = None) -> None:
        self.file = file
        self.root = root or file.parent
        check_inside(file, self.root)
        try:
            raw = foreign.read_bytes(file, LARGEST_FILE)
        except OSError as error:
            raise ContentError(file, 1, f"cannot be read: {error.strerror}") from None
        except foreign.Refused as error:
            raise ContentError(file, 1, f"{error}; split it" if "larger" in str(error) else str(error)) from None
        try:
            self.text = clean(raw.decode("utf-8"))
        except UnicodeDecodeError as error:
            line = raw.count(b"\n", 0, error.start) + 1
            raise ContentError(file, line, "is not UTF-8; save it as UTF-8") from None

    def beside(self, *names: str) -> "Source":
        """Another file of the same course, by its path from the folder of this one."""
        return Source(self.file.parent.joinpath(*names), self.root)

    def error(self, message: str, *near: str) -> ContentError:
        """A complaint at the first line where the words of `near` follow one another."""
        position = 0
        for word in near:
            found = self.text.find(word, position)
            position = found if found >= 0 else position
        return ContentError(self.file, self.text.count("\n", 0, position) + 1, message)

    def toml(self) -> "Table":
        try:
            data = foreign.from_toml(self.text)
        except tomllib.TOMLDecodeError as error:
            message = str(error)
            line = message.rpartition("at line ")[2].partition(",")[0]
            at = int(line) if line.isdigit() else self.text.count("\n") + 1
            raise ContentError(self.file, at, f"is not TOML: {message}") from None
        except foreign.Refused as error:
            raise ContentError(self.file, 1, str(error)) from None
        return Table(self, data, ())


class Table:
    """A TOML table that remembers which keys were asked for, so that a misspelt one is noticed."""

    def __init__(self, source: Source, data: Mapping[str, object], path: tuple[str, ...]) -> None:
        self.source = source
        self.data = data
        self.path = path
        self._asked: set[str] = set()

    def error(self, message: str, *near: str) -> ContentError:
        return self.source.error(message, *self.path, *near)

    def has(self, key: str) -> bool:
        return key in self.data

    def raw(self, key: str) -> object:
        self._asked.add(key)
        if key not in self.data:
            where = f" in [{'.'.join(self.path)}]" if self.path else ""
            raise self.error(f"{key!r} is missing{where}")
        return self.data[key]

    def text(self, key: str) -> str:
        value = self.raw(key)
        if not isinstance(value, str) or not value.strip():
            raise self.error(f"{key!r} must be a text that is not empty", key)
        return clean(value).strip()

    def one_of(self, key: str, *allowed: str) -> str:
        value = self.text(key)
        if value not in allowed:
            raise self.error(f"{key!r} is {value!r}; it must be one of {', '.join(allowed)}", key)
        return value

    def integer(self, key: str, least: int = 1, most: int = LARGEST_COUNT) -> int:
        value = self.raw(key)
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise self.error(f"{key!r} must be a whole number of at least {least}", key)
        if value > most:
            raise self.error(f"{key!r} must be a whole number of at most {most:,}", key)
        return value

    def integers(self, key: str) -> tuple[int, ...]:
        """Different whole numbers of at least 1."""
        value = self.raw(key)
        if not isinstance(value, list) or not all(type(item) is int and 1 <= item <= LARGEST_COUNT for item in value):
            raise self.error(f"{key!r} must be a list of whole numbers of at least 1", key)
        if len(set(value)) < len(value):
            raise self.error(f"{key!r} names something twice", key)
        return tuple(value)

    def number(self, key: str) -> int | float:
        """Any number but 0, and none without an end."""
        value = self.raw(key)
        if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < abs(value) <= 1e300:
            raise self.error(f"{key!r} must be a number, and not 0", key)
        return value

    def fraction(self, key: str) -> float:
        value = self.raw(key)
        if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < 1:
            raise self.error(f"{key!r} must be a number from 0 to below 1", key)
        return float(value)

    def names(self, key: str) -> tuple[str, ...]:
        """Names of folders that lie beside this file."""
        names = self.strings(key)
        for name in names:
            if not name.strip(".") or "/" in name or "\\" in name or "\0" in name:
                raise self.error(f"{name!r} in {key!r} is no name of a folder here", key)
        return names

    def strings(self, key: str) -> tuple[str, ...]:
        value = self.raw(key)
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.error(f"{key!r} must be a list of texts", key)
        items = tuple(clean(item) for item in value)
        if len(set(items)) < len(items):
            raise self.error(f"{key!r} names something twice", key)
        return items

    def switch(self, key: str) -> bool:
        """true or false, and false where it is left out."""
        value = self.raw(key) if self.has(key) else False
        if not isinstance(value, bool):
            raise self.error(f"{key!r} must be true or false", key)
        return value

    def table(self, key: str) -> "Table":
        value = self.raw(key)
        if not isinstance(value, dict):
            raise self.error(f"{key!r} must be a table", key)
        return Table(self.source, value, (*self.path, key))

    def tables(self, key: str, by: str = "id") -> "tuple[Table, ...]":
        """The array of tables `key`, each found again by its own id, under the key `by`; empty when there is none."""
        self._asked.add(key)
        value = self.data.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self.error(f"{key!r} must be written as [[{key}]] tables", key)
        found = []
        for item in value:
            if not isinstance(name := item.get(by), str) or not name:
                raise self.error(f"a [[{key}]] has no {by}", f"[[{key}]]")
            found.append(Table(self.source, item, (*self.path, f"[[{key}]]", f'"{name}"')))
        names = [str(table.data[by]) for table in found]
        for name in names:
            if names.count(name) > 1:
                raise self.error(f"the {by} {name!r} is used twice in [[{key}]]", f'"{name}"')
        return tuple(found)

    def done(self) -> None:
        """ContentError for a key that nobody asked for."""
        for key in self.data:
            if key not in self._asked:
                raise self.error(f"{clean(key)!r} is not a key known here", key)
