"""What may be replaced where somebody has us write: what we wrote and nobody touched, and nothing else."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lab import outputs
from lab.errors import LabError
from lab.outputs import MARK, WORK, check_file, check_folder, check_text, in_place_of, not_ours, sweep, write_text

FLAG = "--save-path"


def made(folder: Path, text: str = "old") -> Path:
    with in_place_of(folder, FLAG, replace=True) as new:
        (new / "inner").mkdir(parents=True)
        (new / "inner" / "weights").write_text(text)
    return folder


def everything(folder: Path) -> dict[str, bytes | str]:
    return {
        str(p.relative_to(folder)): os.readlink(p) if p.is_symlink() else p.read_bytes()
        for p in folder.rglob("*")
        if p.is_symlink() or p.is_file()
    }


def test_a_folder_of_ours_is_replaced_and_only_when_asked(tmp_path: Path) -> None:
    folder = made(tmp_path / "deep" / "down")
    assert not_ours(folder) == "" and (folder / "inner" / "weights").read_text() == "old"
    with pytest.raises(LabError, match=r"there already.*--force"):
        check_folder(folder, FLAG, replace=False)
    (folder / ".DS_Store").touch()
    made(folder, "new")
    assert (folder / "inner" / "weights").read_text() == "new"
    assert [p.name for p in folder.parent.iterdir()] == ["down"], "nothing is left of the work"


@pytest.mark.parametrize("odd", ["config.json", "inner/notes.txt", "inner/link"])
def test_whatever_somebody_put_into_it_is_never_lost(odd: str, tmp_path: Path) -> None:
    folder = made(tmp_path / "model")
    (folder / odd).symlink_to("/etc/hostname") if odd.endswith("link") else (folder / odd).write_text("mine")
    before = everything(folder)
    with pytest.raises(LabError, match=f"holds {odd}, which lowrank did not write"):
        made(folder)
    assert everything(folder) == before


def test_a_file_that_somebody_wrote_in_is_never_lost(tmp_path: Path) -> None:
    folder = made(tmp_path / "model")
    (folder / "inner" / "weights").write_text("0ld")
    before = everything(folder)
    with pytest.raises(LabError, match="holds inner/weights, which was changed since lowrank wrote it"):
        made(folder)
    assert everything(folder) == before
    (folder / "inner" / "weights").write_text("old")
    made(folder, "new")
    (folder / "inner" / "weights").unlink()
    (folder / "inner" / "weights").symlink_to("/etc/hostname")
    with pytest.raises(LabError, match="holds inner/weights, which was changed"):
        made(folder)


def test_a_large_file_is_known_by_its_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outputs, "EDITED_BY_HAND", 4)
    folder = made(tmp_path / "model", "weights")
    made(folder, "weights")
    (folder / "inner" / "weights").write_text("weights and more")
    with pytest.raises(LabError, match="was changed since"):
        made(folder)


def test_a_mark_without_checksums_still_counts(tmp_path: Path) -> None:
    folder = made(tmp_path / "model")
    (folder / MARK).write_text('{"files": ["inner/weights"]}')
    made(folder, "new")
    assert (folder / "inner" / "weights").read_text() == "new"


@pytest.mark.parametrize("mark", [None, "", "[]", "{}", "[" * 100_000, '{"files": 3}', "folder", "link"])
def test_a_folder_without_a_mark_or_with_a_bad_one_is_not_ours(mark: str | None, tmp_path: Path) -> None:
    folder = tmp_path / "source"
    (folder / MARK).mkdir(parents=True) if mark == "folder" else folder.mkdir()
    (folder / "config.json").write_text("{}")
    if mark == "link":
        (made(tmp_path / "other") / MARK).rename(tmp_path / "mark")
        (folder / MARK).symlink_to(tmp_path / "mark")
    elif mark is not None and mark != "folder":
        (folder / MARK).write_text(mark)
    before = everything(folder)
    with pytest.raises(LabError, match="was not written by lowrank"):
        made(folder)
    assert everything(folder) == before


def test_what_is_needed_stays_also_where_it_carries_our_mark(tmp_path: Path) -> None:
    base = made(tmp_path / "a" / "base")
    for place, what in ((base, "must stay"), (base.parent, "must stay"), (base / "x", "lies in"), (Path.home(), "stay"),
                        (Path("/"), "stay"), (Path(), "stay"), (base / ".." / "base", "must stay")):  # fmt: skip
        with pytest.raises(LabError, match=what):
            check_folder(place, FLAG, replace=True, keep=[base, None])
    (tmp_path / "link").symlink_to(base)
    for place in (tmp_path / "link", tmp_path / "link" / "x"):
        with pytest.raises(LabError):
            check_folder(place, FLAG, replace=True, keep=[base])
    (tmp_path / "b").symlink_to(base.parent)
    with pytest.raises(LabError, match="must stay"):
        check_folder(tmp_path / "b" / "base", FLAG, replace=True, keep=[base])
    check_folder(tmp_path / "b" / "fine", FLAG, replace=True, keep=[base])


def test_what_cannot_be_made_is_said_before_anything_is_done(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    for place in (tmp_path / "file", tmp_path / "file" / "x", tmp_path / "file" / "x" / "y"):
        with pytest.raises(LabError, match="file"):
            check_folder(place, FLAG, replace=True)
    os.mkfifo(tmp_path / "fifo.md")
    (tmp_path / "link.md").symlink_to("nowhere")
    for name, what in (
        ("fifo.md", "no ordinary file"),
        ("link.md", "a link"),
        ("file/x.md", "is a file"),
        ("", "folder"),
    ):
        with pytest.raises(LabError, match=what):
            check_file(tmp_path / name, "--output")
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_to_is_said_before(tmp_path: Path) -> None:
    (tmp_path / "shut").mkdir(mode=0o500)
    with pytest.raises(LabError, match="may not be written to"):
        check_folder(tmp_path / "shut" / "x", FLAG, replace=True)


@pytest.mark.parametrize("fails", ["making", "second check", "swap"])
def test_a_failure_leaves_the_old_one(fails: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = made(tmp_path / "model")
    before, replace = everything(folder), os.replace

    def full(source: Path, target: Path) -> None:
        if fails == "swap" and Path(source).name == "new":
            raise OSError(28, "No space left on device")
        replace(source, target)

    with pytest.raises((OSError, LabError)), in_place_of(folder, FLAG, replace=True) as new:
        new.mkdir()
        monkeypatch.setattr(outputs.os, "replace", full)
        if fails == "making":
            raise OSError(28, "No space left on device")
        if fails == "second check":
            (folder / "mine").write_text("put there meanwhile")
            before["mine"] = b"put there meanwhile"
    assert everything(folder) == before and [p.name for p in tmp_path.iterdir()] == ["model"]


def test_what_the_dead_left_is_swept_away_and_what_they_were_replacing_put_back(tmp_path: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    for name in (f"{WORK}{dead.pid}-x", f"{WORK}{os.getpid()}-y", f"{WORK}old"):
        (tmp_path / name / "new").mkdir(parents=True)
    (tmp_path / f"{WORK}{dead.pid}").touch()
    (tmp_path / f"{WORK}{dead.pid}-x" / "old" / "model").mkdir(parents=True)
    sweep(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {f"{WORK}{os.getpid()}-y", f"{WORK}old", "model"}


def test_a_text_of_ours_is_replaced_until_somebody_writes_in_it(tmp_path: Path) -> None:
    path = tmp_path / "new" / "report.md"
    write_text(path, "# One")
    check_text(path, "--output")
    write_text(path, "# Two\n")
    assert path.read_text().startswith("# Two\n<!-- lowrank ")
    path.write_text(path.read_text().replace("Two", "Two and what I think of it"))
    with pytest.raises(LabError, match="changed since"):
        check_text(path, "--output")
    for text in ("# Mine\n", "", "<!-- lowrank -->\n"):
        path.write_text(text)
        with pytest.raises(LabError, match="not written by lowrank"):
            check_text(path, "--output")
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(LabError, match="not written by lowrank"):
        check_text(path, "--output")
    assert [p.name for p in path.parent.iterdir()] == ["report.md"]


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="no /proc")
def test_a_place_where_even_root_makes_nothing_is_said_before(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="/proc"):
        check_folder(Path("/proc/x"), "--adapter-path", replace=True)
    check_folder(tmp_path / "x", "--adapter-path", replace=True)
    assert list(tmp_path.iterdir()) == []
