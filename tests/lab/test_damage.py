"""One damaged run directory hides nothing and ends nothing: it is a row that says what is wrong and can be deleted."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from damages import BOMB, DAMAGES, FILES, healthy
from event_of import event_of, kind_of

from lab.errors import LabError
from lab.events.digest import Digest, glimpse
from lab.events.writer import EventLog
from lab.planning import calibration
from lab.reports import markdown
from lab.reports.comparison import Comparison, as_json
from lab.runs import adapter_layout, chat_history, evaluation, fuse_options, run_notes, trash, votes
from lab.runs.crash_recovery import settle
from lab.runs.damage import damage, fenced
from lab.runs.directory import LONGEST, Run, Runs
from lab.runs.outcome import curve, outcome
from lab.runs.run_evidence import proofs
from lab.runs.run_index import Row, RunIndex
from lab.runs.state import RunState


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that is filled once, for tests that change nothing in it."""
    return filled(tmp_path_factory.mktemp("home"))


def filled(folder: Path) -> Path:
    """A home with one good run and one for each kind of damage."""
    healthy(folder / "runs", "good")
    for number, do in enumerate(DAMAGES.values()):
        do(healthy(folder / "runs", f"bad-{number}").path)
    return folder


def test_every_damaged_run_is_a_row_beside_the_others(home: Path) -> None:
    runs = Runs(home / "runs")
    for _ in range(2):  # read, and from the index
        rows = {row.run: row for row in RunIndex(runs, home / "cache").read()}
        assert rows.keys() == {"good", *(f"bad-{number}" for number in range(len(DAMAGES)))}
        assert rows["good"].problem == "" and rows["good"].val_loss == 1.25
    for row in rows.values():
        assert row.ended
        json.dumps(vars(row), ensure_ascii=False).encode()
    assert calibration.finished(runs)
    found = list(proofs(runs.get("good"), runs.all()))
    assert not [proof for proof in found if proof.item != "good"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(number, id=name, marks=pytest.mark.long if re.match("a (loop|device) for (?!spec)", name) else ())
        for number, name in enumerate(DAMAGES)
    ],
)
def test_whoever_opens_a_damaged_run_is_told_in_one_line(kind: int, home: Path, tmp_path: Path) -> None:
    runs, cache = Runs(home / "runs"), home / "cache"
    good, bad = runs.get("good"), Run(runs.root / f"bad-{kind}")
    looks: tuple[Callable[[], object], ...] = (
        lambda: markdown.write(Comparison.of([good, bad], cache), tmp_path),
        lambda: as_json(Comparison.of([bad], cache)),
        lambda: adapter_layout.look(bad, cache),
        lambda: fuse_options.look(bad, cache),
    )
    for look in looks:
        try:
            look()
        except LabError as error:
            assert "\n" not in str(error) and len(str(error)) < 1000
    for read in (
        settle,
        outcome,
        curve,
        glimpse,
        Digest.of,
        run_notes.read,
        votes.read,
        chat_history.read,
        evaluation.read,
    ):
        try:
            with fenced(bad):
                read(bad)
        except LabError as error:
            assert "\n" not in str(error)
    list(proofs(bad, [good, bad]))


def test_every_damaged_run_can_be_deleted_and_taken_back(tmp_path: Path) -> None:
    runs = Runs(filled(tmp_path) / "runs")
    names = {run.id for run in runs.all()} - {"good"}
    for name in names:
        assert trash.delete(Run(runs.root / name), runs).id == name
    assert [run.id for run in runs.all()] == ["good"] and {each.id for each in trash.deleted(runs)} == names
    assert trash.restore(runs, "bad-0").id == "bad-0"
    trash.empty(runs)
    assert not trash.deleted(runs)


@pytest.mark.parametrize("name", [name for name in FILES if name not in ("state/digest.json",)])
def test_the_row_names_the_file_and_what_is_wrong(name: str, tmp_path: Path) -> None:
    runs = Runs(tmp_path / "runs")
    bad = healthy(runs.root, "bad")
    DAMAGES[f"a pipe for {name}"](bad.path)
    (row,) = RunIndex(runs, tmp_path / "cache").read()
    assert row.problem.startswith(f"{name}: ") and "is a pipe, not a file" in row.problem and row.damaged


def test_a_bomb_is_refused_at_once_with_a_short_message(tmp_path: Path) -> None:
    bad = healthy(tmp_path, "bad")
    (bad.path / "spec.yaml").write_text(BOMB)
    assert len(damage(bad)) < 300 and "more than" in damage(bad)


def test_a_line_of_any_length_hides_none_behind_it(tmp_path: Path) -> None:
    run = healthy(tmp_path, "run")
    events = run.path / "events.jsonl"
    began = events.read_bytes().splitlines(keepends=True)
    for size in (2 << 20, LONGEST + 5):
        line = json.dumps({"event": "samples", "iteration": 1, "answers": [], "more": "x" * size}).encode() + b"\n"
        events.write_bytes(b"".join([*began[:3], line, *began[3:]]))
        (run.path / "state" / "digest.json").unlink(missing_ok=True)
        assert len(curve(run)) == 20
        assert [point.x for point in Digest.of(run).train()] == list(range(1, 21))
        assert kind_of(run.last_event()) == "finished" and run.started().method == "LoRA"
        events.write_bytes(line + b"".join(began))
        assert (run.started().method if run.started() else None) == ("LoRA" if size < LONGEST else None)
        log = EventLog(run.path)
        log.write(event_of("train", iteration=21, train_loss=0.1))
        log.close()
        assert run.last_event().iteration == 21


def test_half_a_character_in_the_data_reaches_no_reader(tmp_path: Path) -> None:
    run = healthy(tmp_path, "run")
    log = EventLog(run.path)
    log.write(event_of("samples", iteration=21, answers=[{"prompt": "\ud800", "expected": None, "text": "a\udc80"}]))
    log.last_word(event_of("failed", run="run", run_dir="", error={"what": "\udfff", "where": "", "remedy": ""}))
    log.close()
    told = Digest.of(run).answers(21)
    assert told is not None and told[1][0].text == "a?"
    json.dumps(run.result().to_json(), ensure_ascii=False).encode()


def test_a_run_that_is_all_well_has_no_damage(tmp_path: Path) -> None:
    run = healthy(tmp_path, "run")
    assert damage(run) == ""
    assert damage(Run(tmp_path / "nothing")).startswith("spec.yaml: cannot be read")
    assert Row("x", problem="y", state=RunState.FAILED).damaged is False
