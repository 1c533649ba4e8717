"""Reading files that somebody else may have written: each has a limit to its size, its depth and its numbers.

A file is opened only if it is a regular one, so that no pipe, device or folder can hold the program up. Every function
raises OSError where the system refuses, and Refused, which is a ValueError, for all that is wrong with the content.
This package imports nothing of ours, so that every room can use it.
"""

import errno
import json
import math
import os
import re
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

LARGEST = 16 << 20
"""Bytes of a file, unless its reader says otherwise."""
DEEPEST = 64
"""Levels of tables, lists and mappings inside one another."""
MOST_NODES = 200_000
"""Nodes of a YAML document with its aliases written out."""
LARGEST_COUNT = 1 << 64
"""Whole numbers are smaller."""

_LONG_KEY = re.compile(r"""(?<![\w"'-])(?:[\w"'-]++[ \t]*+\.[ \t]*+){64}""")
"""A key of as many parts as there may be levels."""
_HALVES = re.compile("[\ud800-\udfff]")


class Refused(ValueError):
    """What is wrong with a file, as words that go on behind its name."""


@contextmanager
def opened(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """A regular file, open for reading from its beginning."""
    _check_kind(path, os.stat(path).st_mode)  # before opening, which can wait for ever or move a tape
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    with os.fdopen(handle, "rb") as file:
        _check_kind(path, os.fstat(handle).st_mode)
        yield file


def read_bytes(path: str | os.PathLike[str], most: int = LARGEST) -> bytes:
    """The whole of a regular file of at most so many bytes."""
    with opened(path) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise Refused(f"is larger than {most:,} bytes")
    return content


def read_text(path: str | os.PathLike[str], most: int = LARGEST) -> str:
    """The same of a text in UTF-8."""
    try:
        return read_bytes(path, most).decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refused(f"is not UTF-8 (byte {error.start})") from None


def read_json(path: str | os.PathLike[str], most: int = LARGEST) -> Any:
    """What a file of JSON holds, as `from_json` gives it."""
    return from_json(read_text(path, most))


def read_object(path: str | os.PathLike[str], most: int = LARGEST) -> dict[str, Any]:
    """The same of a file that holds one JSON object."""
    found = read_json(path, most)
    if not isinstance(found, dict):
        raise Refused("is not a JSON object")
    return found


def from_json(text: str) -> Any:
    """The value of a JSON text. NaN, and numbers that no float or no 64 bits hold, are None; half a surrogate pair
    is "�"."""
    try:
        found = json.loads(text)
    except RecursionError:
        raise _too_deep() from None
    except json.JSONDecodeError as error:
        raise Refused(f"is not JSON: {error.msg} (line {error.lineno})") from None
    except ValueError:  # a number of thousands of digits
        raise Refused("holds a number that is too long") from None
    return _sound(found, DEEPEST)


def from_toml(text: str) -> dict[str, Any]:
    """The table of a TOML text. Raises tomllib.TOMLDecodeError, also a ValueError, which names the line."""
    import tomllib

    if _LONG_KEY.search(text):  # each part of a key is a level, and tomllib's time grows with its square
        raise _too_deep()
    try:
        found = tomllib.loads(text)
    except RecursionError:
        raise _too_deep() from None
    except tomllib.TOMLDecodeError:
        raise
    except (ValueError, ArithmeticError):  # a number of thousands of digits
        raise Refused("holds a number that is too long") from None
    check_depth(found)
    return found


@cache
def _yaml_loader() -> Any:
    """libyaml's where it is built in: ten times as fast, which a table of a thousand runs notices.

    YAML 1.1 takes 1e-5 for text; here, as in mlx-lm, it is a number.
    """
    import yaml

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        """With a resolver of its own, so that the one for all stays as it is."""

    number = re.compile(r"[-+]?(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9_]+)[eE][-+]?[0-9]+$")
    Loader.add_implicit_resolver("tag:yaml.org,2002:float", number, "-+.0123456789")
    return Loader


def from_yaml(text: str) -> Any:
    """The value of a YAML text, of plain types alone."""
    import yaml

    loader = _yaml_loader()
    try:
        _check_nodes(yaml.parse(text, Loader=loader))
        return yaml.load(text, Loader=loader)
    except Refused:
        raise
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        what = getattr(error, "problem", None) or " ".join(str(error).split())
        raise Refused(f"is not YAML: {what}{f' (line {mark.line + 1})' if mark else ''}") from None
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        # PyYAML lets through whatever int(), float() or datetime say to a value such as `!!int x` or 2001-99-99.
        raise Refused(f"holds a value that YAML does not know ({' '.join(str(error).split())[:80]})") from None


def check_depth(value: object) -> None:
    """Raise Refused where dicts and lists lie deeper in one another than anything here looks for."""
    level: list[Any] = [value]
    for _ in range(DEEPEST + 1):
        inner = [each.values() if isinstance(each, dict) else each for each in level if isinstance(each, dict | list)]
        if not inner:
            return
        level = [item for each in inner for item in each]
    raise _too_deep()


def inside(root: Path, name: str) -> Path:
    """The path `name` below `root`. Raises Refused where it leads out of it, by its parts or by a link."""
    path = root / name
    if not name or "\0" in name or os.path.isabs(name) or ".." in Path(name).parts:
        raise Refused("leads out of its folder")
    try:
        if not path.resolve().is_relative_to(root.resolve()):
            raise Refused("leads out of its folder")
    except (OSError, RuntimeError):  # links that go round in a circle
        raise Refused("is a link that leads nowhere") from None
    return path


def whole_text(text: str) -> str:
    """The text as UTF-8 can hold it: half a surrogate pair is "�"."""
    return _HALVES.sub("�", text) if not text.isascii() else text


def _check_kind(path: str | os.PathLike[str], mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(path))
    if not stat.S_ISREG(mode):
        kinds: tuple[tuple[Callable[[int], bool], str], ...] = (
            (stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"))  # fmt: skip
        what = next((name for test, name in kinds if test(mode)), "a device")
        raise Refused(f"is {what}, not a file")


def _check_nodes(events: Iterator[Any]) -> None:
    """Count levels and nodes as the parser meets them, which builds nothing yet; an alias counts as what it repeats."""
    import yaml

    sizes: dict[str, int] = {}
    open_: list[tuple[str | None, int]] = []
    nodes = 0
    for event in events:
        if isinstance(event, yaml.CollectionStartEvent):
            nodes += 1
            open_.append((event.anchor, nodes))
            if len(open_) > DEEPEST:
                raise _too_deep()
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = open_.pop()
            if anchor is not None:
                sizes[anchor] = nodes - before + 1
        elif isinstance(event, yaml.AliasEvent):
            if any(anchor == event.anchor for anchor, _ in open_):
                raise Refused("holds an alias of what it stands in")
            nodes += sizes.get(event.anchor or "", 1)
        elif isinstance(event, yaml.ScalarEvent):
            nodes += 1
            if event.anchor is not None:
                sizes[event.anchor] = 1
        if nodes > MOST_NODES:
            raise Refused(f"holds more than {MOST_NODES:,} values")


def _sound(value: Any, levels: int) -> Any:
    """A value from JSON with None in place of numbers nobody can compute with, and texts that UTF-8 can hold."""
    kind = type(value)
    if kind is str:
        return value if value.isascii() else whole_text(value)
    if kind is float:
        return value if math.isfinite(value) else None
    if kind is int:
        return value if -LARGEST_COUNT < value < LARGEST_COUNT else None
    if kind is not dict and kind is not list:
        return value
    if not levels:
        raise _too_deep()
    if kind is list:
        return [_sound(each, levels - 1) for each in value]
    return {whole_text(key): _sound(each, levels - 1) for key, each in value.items()}


def _too_deep() -> Refused:
    return Refused(f"is nested deeper than {DEEPEST} levels")
