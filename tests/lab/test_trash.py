"""What is written about a run, what it takes on disk, and runs put aside and taken back."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.errors import LabError
from lab.runs import disk_usage, run_notes, trash
from lab.runs.directory import Run, Runs
from lab.spec import RunSpec


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    return Runs(tmp_path / "runs")


def make(runs: Runs) -> Run:
    run = runs.create(RunSpec.make({}), model_path="/m", data_path="/d")
    (run.path / "result.json").write_text(json.dumps({"event": "finished"}))
    for name in ("adapters.safetensors", "0000010_adapters.safetensors", "0000020_adapters.safetensors"):
        (run.adapters / name).write_bytes(bytes(100))
    return run


def files(run: Run) -> dict[str, bytes]:
    """All but the locks."""
    return {str(path): path.read_bytes() for path in run.path.rglob("*") if path.is_file() and path.suffix != ".lock"}


def test_what_is_written_stays_and_the_rest_too(runs: Runs) -> None:
    run = make(runs)
    assert run_notes.read(run) == run_notes.About()
    run_notes.change(run, name="  two\n words ", tags=("a", "a", " b "))
    kept = run_notes.change(run, notes="first\nsecond")
    assert kept == run_notes.read(run) == run_notes.About("two words", "first\nsecond", ("a", "b"))
    assert run_notes.change(run, notes="a\x1b[2J\u202eb\tc", name="\x07x").notes == "a[2Jb\tc"
    (run.path / "about.json").write_text("[1]")
    assert run_notes.read(run) == run_notes.About()


def test_what_is_too_long_is_refused_and_nothing_changes(runs: Runs) -> None:
    run = make(runs)
    for fields in ({"name": "x" * 81}, {"tags": ("y" * 33,)}):
        with pytest.raises(LabError, match="at most"):
            run_notes.change(run, **fields)
    assert not (run.path / "about.json").exists()


@given(st.text())
def test_any_text_is_tags(text: str) -> None:
    found = run_notes.tags_of(text)
    assert len(set(found)) == len(found) and all(tag and not set(tag) & set(" ,#\n") for tag in found)


def test_a_deleted_run_comes_back_whole(runs: Runs) -> None:
    run = make(runs)
    run_notes.change(run, name="mine")
    before = files(run)
    gone = trash.delete(run, runs)
    assert runs.all() == [] and (gone.id, gone.name) == (run.id, "mine")
    assert [each.id for each in trash.deleted(Runs(runs.root))] == [run.id]
    assert trash.restore(Runs(runs.root), run.id[:12]) == run
    assert files(run) == before
    assert trash.deleted(runs) == []


def test_undo_takes_back_all_that_was_deleted_last(runs: Runs) -> None:
    made = [make(runs) for _ in range(4)]
    trash.delete(made[0], runs, 100.0)
    for run in made[1:3]:
        trash.delete(run, runs, 200.0)
    assert {run.id for run in trash.undo(runs)} == {run.id for run in made[1:3]}
    assert trash.undo(runs) == [made[0]]
    with pytest.raises(LabError, match="nothing was deleted"):
        trash.undo(runs)


def test_nothing_is_overwritten(runs: Runs, tmp_path: Path) -> None:
    run = make(runs)
    trash.delete(run, runs, 1.0)
    make(runs).path.rename(run.path)
    with pytest.raises(LabError, match="another run of this id"):
        trash.restore(runs)
    trash.delete(run, runs, 2.0)
    assert len(trash.deleted(runs)) == 2 and trash.restore(runs) == run
    with pytest.raises(LabError, match="no deleted run"):
        trash.restore(runs, "nope")
    elsewhere = make(Runs(tmp_path / "others"))
    with pytest.raises(LabError, match="outside"):
        trash.delete(elsewhere, runs)


def test_emptying_says_what_it_frees(runs: Runs) -> None:
    for _ in range(2):
        trash.delete(make(runs), runs)
    size = trash.size(runs)
    assert size > 600 and trash.empty(runs) == size and trash.deleted(runs) == [] and trash.empty(runs) == 0


def test_only_checkpoints_that_nobody_needs_are_dropped(runs: Runs) -> None:
    run = make(runs)
    assert (disk_usage.use(run).checkpoints, disk_usage.use(run).spare) == (200, 200)
    assert disk_usage.drop_checkpoints(run) == 200 and disk_usage.use(run).checkpoints == 0
    killed = make(runs)
    (killed.adapters / "adapters.safetensors").unlink()
    assert disk_usage.drop_checkpoints(killed) == 100
    assert [name for name, _ in killed.files()] == ["0000020_adapters.safetensors"]
