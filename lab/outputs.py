"""Where somebody asks us to write: what may be replaced, looked at before work begins, and how it is replaced.

Only what carries our mark is replaced, and only if nobody added to it or changed it. A folder's mark is a file that
lists what we put there, with a checksum of each. A text's mark is its last line, a comment with a checksum of the lines
above.
"""

import hashlib
import json
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psutil

from foreign import Refused, read_object, read_text, whole_text
from lab.errors import LabError, naming

MARK: Final = ".lowrank.json"
WORK: Final = ".lowrank-new-"
"""A folder that is being made is called so, then the number of the process that makes it."""
LARGEST: Final = 1 << 20
"""Bytes of a mark, at most."""
DUST: Final = frozenset({MARK, ".DS_Store"})
"""Files that nobody misses: our mark, and what macOS leaves where somebody looked."""
EDITED_BY_HAND: Final = 1 << 20
"""Bytes of a file that somebody may have written in, at most. Larger ones are weights: their size tells them apart."""
_SEAL: Final = re.compile(r"<!-- lowrank ([0-9a-f]{16}) -->\n\Z")


def check_folder(folder: Path, option: str, *, replace: bool, keep: Iterable[Path | None] = ()) -> None:
    """Raise LabError unless a folder may be made there, or with `replace`, be replaced.

    `keep` are folders that are needed: neither they nor what holds them or lies in them may be written to.
    """
    other = f"give another {option}"
    place = _place(folder)
    for kept in [Path.home(), Path.cwd(), *(path for path in keep if path is not None)]:
        kept = _real(kept)
        if place == kept or place in kept.parents:
            raise LabError(f"is or holds {kept}, which must stay", where=str(folder), remedy=other)
    for kept in (_real(path) for path in keep if path is not None):
        if kept in place.parents:
            raise LabError(f"lies in {kept}, which must stay as it is", where=str(folder), remedy=other)
    _check_parent(place, folder, option)
    if not _there(folder):
        return
    if folder.is_symlink() or not folder.is_dir():
        what = "is a link" if folder.is_symlink() else "is a file, and a folder is to be made"
        raise LabError(f"{what}, so it is not replaced", where=str(folder), remedy=other)
    if not any(folder.iterdir()):
        return
    if foreign := not_ours(folder):
        remedy = f"{other}, or move that folder away yourself"
        raise LabError(f"{foreign}, so the folder is not replaced", where=str(folder), remedy=remedy)
    if not replace:
        raise LabError("is there already", where=str(folder), remedy=f"{other}, or --force to replace it")


def not_ours(folder: Path) -> str:
    """Why a folder is not what we made and nobody added to; "" if it is."""
    try:
        mark = folder / MARK
        if mark.is_symlink() or not mark.is_file() or mark.stat().st_size > LARGEST:
            return "was not written by lowrank"
        files = read_object(mark, LARGEST).get("files")
        if isinstance(files, list):  # as marks were before they held checksums
            files = {name: None for name in files if isinstance(name, str)}
        if not isinstance(files, dict):
            return "was not written by lowrank"
        for name in _inside(folder):
            if Path(name).name in DUST:
                continue
            if name not in files:
                return f"holds {name}, which lowrank did not write"
            if files[name] is not None and files[name] != _stamp(folder / name):
                return f"holds {name}, which was changed since lowrank wrote it"
        return ""
    except (OSError, ValueError):
        return "was not written by lowrank"


def check_file(path: Path, option: str) -> None:
    """Raise LabError unless a file may be written there, which an ordinary file does not decide: ask `check_text`."""
    place = _place(path)
    _check_parent(place, path, option)
    if not _there(path):
        return
    kind = path.lstat().st_mode
    if not stat.S_ISREG(kind):
        what = "a link" if stat.S_ISLNK(kind) else "a folder" if stat.S_ISDIR(kind) else "no ordinary file"
        raise LabError(f"is {what}, so it is not replaced", where=str(path), remedy=f"give another {option}")


def check_text(path: Path, option: str) -> None:
    """Raise LabError unless a text may be written there: to a new file, or over one that is still as we wrote it."""
    check_file(path, option)
    if not path.exists():
        return
    try:
        text = read_text(path)
    except (OSError, Refused):
        text = ""
    remedy = f"give another {option}, or move that file away yourself"
    found = _SEAL.search(text)
    if found is None:
        raise LabError("was not written by lowrank, so it is not replaced", where=str(path), remedy=remedy)
    if found[1] != _checksum(text[: found.start()]):
        raise LabError("was changed since lowrank wrote it, so it is not replaced", where=str(path), remedy=remedy)


def write_text(path: Path, text: str) -> None:
    """Write a text with our mark, whole or not at all. Raises OSError, which names `path`."""
    text = whole_text(text if text.endswith("\n") else f"{text}\n")
    draft = path.with_name(f"{WORK}{os.getpid()}")
    try:
        with naming(path, within=path.parent):
            path.parent.mkdir(parents=True, exist_ok=True)
            draft.write_text(f"{text}<!-- lowrank {_checksum(text)} -->\n", encoding="utf-8", newline="\n")
            os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def in_place_of(folder: Path, option: str, *, replace: bool, keep: Iterable[Path | None] = ()) -> Iterator[Path]:
    """A path beside `folder` to make its new content at, which takes its place when the block ends.

    Whatever fails, the old folder is there as it was. Raises LabError as `check_folder`, before and after, and OSError.
    """
    keep = list(keep)
    check_folder(folder, option, replace=replace, keep=keep)
    folder.parent.mkdir(parents=True, exist_ok=True)
    sweep(folder.parent)
    work = Path(tempfile.mkdtemp(prefix=f"{WORK}{os.getpid()}-", dir=folder.parent))
    new, old = work / "new", work / "old" / folder.name
    try:
        yield new
        files = {name: _stamp(new / name) for name in _inside(new)}
        (new / MARK).write_text(json.dumps({"made_by": "lowrank", "files": files}, indent=1), encoding="utf-8")
        check_folder(folder, option, replace=replace, keep=keep)
        if folder.exists():
            old.parent.mkdir()
            os.replace(folder, old)
        try:
            os.replace(new, folder)
        except OSError:
            if old.exists():
                os.replace(old, folder)
            raise
    finally:
        shutil.rmtree(work, ignore_errors=True)


def sweep(parent: Path) -> None:
    """Take away what processes left half made that are gone; what one was about to replace is put back."""
    for work in parent.glob(f"{WORK}*"):
        number = work.name.removeprefix(WORK).partition("-")[0]
        if not number.isdigit() or psutil.pid_exists(int(number)):
            continue
        for old in work.glob("old/*"):
            if not _there(parent / old.name):
                os.replace(old, parent / old.name)
        if work.is_dir():
            shutil.rmtree(work, ignore_errors=True)
        else:
            work.unlink(missing_ok=True)


def _checksum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _stamp(path: Path) -> str:
    """What tells a file from the same one after an edit: its target if it is a link, its size if it is large."""
    if path.is_symlink():
        return f"link {os.readlink(path)}"
    if not path.is_file():
        return "no file"
    size = path.stat().st_size
    return f"size {size}" if size > EDITED_BY_HAND else hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def _inside(folder: Path) -> list[str]:
    """Every file and link below a folder, by its path from there."""
    found = (path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    return sorted(path.relative_to(folder).as_posix() for path in found)


def _there(path: Path) -> bool:
    return path.exists() or path.is_symlink()


def _place(path: Path) -> Path:
    """Where a path lies, with the links in its parents followed and itself not."""
    path = Path(os.path.abspath(path))
    return _real(path.parent) / path.name


def _check_parent(place: Path, asked: Path, option: str) -> None:
    """Raise LabError unless something can be made at a place."""
    above = next(path for path in place.parents if path.exists() or path.is_symlink())
    if not above.is_dir():
        raise LabError(f"{above} is a file, so nothing can be made in it", where=str(asked),
                       remedy=f"give another {option}")  # fmt: skip
    if not os.access(above, os.W_OK | os.X_OK):
        raise LabError(f"{above} may not be written to", where=str(asked),
                       remedy=f"give another {option}, or change its permissions")  # fmt: skip
    try:
        os.rmdir(tempfile.mkdtemp(prefix=f"{WORK}{os.getpid()}-", dir=above))  # who may do all may still not in /proc
    except OSError as error:
        raise LabError(f"nothing can be made in {above} ({error.strerror or error})", where=str(asked),
                       remedy=f"give another {option}") from error  # fmt: skip


def _real(path: Path) -> Path:
    """The path without links; of links that go round in a circle, which `resolve` does not take, what is left."""
    return Path(os.path.realpath(path))
