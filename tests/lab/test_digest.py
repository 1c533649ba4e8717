"""The digest of a run's events: the same however it was read, kept beside them, and bounded."""

import json
import math
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from event_of import event_of
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.events.digest import MOST, Digest, glimpse
from lab.events.writer import EventLog
from lab.runs.directory import Run


def train(at: int, loss: float) -> dict[str, object]:
    return {"event": "train", "iteration": at, "train_loss": loss, "learning_rate": 1e-3 / at,
            "trained_tokens": 100 * at, "elapsed_seconds": at / 8}  # fmt: skip


def samples(at: int) -> dict[str, object]:
    return {"event": "samples", "iteration": at, "answers": [{"prompt": "p", "expected": "e", "text": f"at {at}"}]}


def validation(at: int, loss: float) -> dict[str, object]:
    return {"event": "validation", "iteration": at, "val_loss": loss}


def story(iterations: int, every: int = 10) -> list[dict[str, object]]:
    told: list[dict[str, object]] = [{"event": "started", "iterations": iterations}, samples(0), validation(0, 4.0)]
    for at in range(1, iterations + 1):
        told.append(train(at, 3 / at + math.sin(at) / 10))
        if at % every == 0:
            told += [validation(at, 3 / at + 0.1), samples(at)]
    return told


Written = Callable[[Iterable[dict[str, object]]], Run]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    def write(events: Iterable[dict[str, object]]) -> Run:
        (tmp_path / "state").mkdir(exist_ok=True)
        with (tmp_path / "events.jsonl").open("a") as file:
            file.writelines(json.dumps(event) + "\n" for event in events)
        return Run(tmp_path)

    return write


def test_what_a_chart_asks_for(written: Written) -> None:
    digest = Digest.of(written(story(40)))
    assert [point.x for point in digest.train()] == list(range(1, 41))
    assert [point.x for point in digest.train("tokens")][-1] == 4000
    assert [point.x for point in digest.validation("seconds")] == [0, 1.25, 2.5, 3.75, 5.0]
    assert digest.best() is not None and digest.best().x == 40  # type: ignore[union-attr]
    assert [at for at, _ in digest.samples] == [0, 10, 20, 30, 40]


def test_the_time_machine_answers_with_the_samples_at_or_before(written: Written) -> None:
    digest = Digest.of(written(story(40)[3:]))
    assert digest.answers(9.9) is None
    for at, expected in ((10, 10), (19, 10), (1e9, 40)):
        found = digest.answers(at)
        assert found is not None and found[0] == expected and found[1][0].text == f"at {expected}"


def test_a_report_is_found_in_the_file(written: Written) -> None:
    digest = Digest.of(written(story(5000, 500)))
    assert len(digest.places) > 3
    assert digest.report(1777).iteration == 1777
    assert digest.report(1777.9).learning_rate == 1e-3 / 1777
    assert digest.report(0) is None


def test_it_is_kept_and_goes_on_from_where_it_was(written: Written) -> None:
    run = written(story(60)[:-30])
    first = Digest.of(run)
    first.keep()
    written(story(60)[-30:])
    again = Digest.open(run)
    assert again.offset == again.kept > 0 and again.train() == first.train()
    while again.read():
        pass
    fresh = Digest(run)
    while fresh.read():
        pass
    assert again.progress == fresh.progress or again.train() == fresh.train()
    assert (again.samples, again.smooth(), again.best()) == (fresh.samples, fresh.smooth(), fresh.best())


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"version": 1}', '{"version": 99, "offset": 3, "tail": ""}'])
def test_a_damaged_one_is_made_anew(written: Written, damage: str) -> None:
    run = written(story(20))
    (run.path / "state" / "digest.json").write_text(damage)
    assert len(Digest.of(run).train()) == 20


def test_one_of_other_events_is_not_believed(written: Written) -> None:
    run = written(story(20))
    Digest.of(run).keep()
    (run.path / "events.jsonl").write_text("")
    written(reversed(story(30)))
    assert Digest.open(run).offset == 0


def test_a_run_that_was_resumed_is_told_as_if_it_had_never_stopped(written: Written) -> None:
    whole = story(40)
    at = next(number for number, event in enumerate(whole) if event.get("iteration") == 21)
    lost = [train(at, 9.0) for at in range(21, 30)] + [samples(25)]
    run = written([*whole[:at], *lost, {"event": "stopped"}, {"event": "resumed", "iteration": 20}, *whole[at:]])
    digest = Digest.of(run)
    assert [point.y for point in digest.train()] == [e["train_loss"] for e in whole if e["event"] == "train"]
    assert [each for each, _ in digest.samples] == [0, 10, 20, 30, 40]
    assert digest.report(25).train_loss != 9.0


def test_the_log_of_an_engine_keeps_it(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    log = EventLog(tmp_path)
    for event in story(20):
        log.write(event_of(str(event["event"]), **{key: value for key, value in event.items() if key != "event"}))
    assert not (tmp_path / "state" / "digest.json").exists()
    log.write(event_of("saved", iteration=20, file="x"))
    kept = Digest.open(Run(tmp_path))
    assert kept.behind == 0 and len(kept.train()) == 20
    log.last_word(event_of("finished", run="x"))
    assert Digest.open(Run(tmp_path)).progress.ended == "finished"
    log.close()


def test_a_torn_line_and_a_line_longer_than_a_slice_are_read(written: Written) -> None:
    run = written(story(10))
    with (run.path / "events.jsonl").open("a") as file:
        file.write('{"event": "trai')
    digest = Digest.of(run)
    assert len(digest.train()) == 10
    with (run.path / "events.jsonl").open("a") as file:
        file.write("\n" + json.dumps(samples(11) | {"more": "x" * 5000}) + "\n" + json.dumps(train(11, 1.0)) + "\n")
    while digest.read(512):
        pass
    assert len(digest.train()) == 11 and digest.behind == 0


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 40), st.integers(200, 5000))
def test_it_is_the_same_in_whatever_slices_it_was_read(
    tmp_path_factory: pytest.TempPathFactory, n: int, limit: int
) -> None:
    path = tmp_path_factory.mktemp("run")
    (path / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in story(n)))
    digest, whole = Digest(Run(path)), Digest.of(Run(path))
    while digest.read(limit):
        pass
    assert (digest.train(), digest.samples, digest.offset) == (whole.train(), whole.samples, whole.offset)


def test_a_long_run_stays_small_and_a_glimpse_shows_its_shape(written: Written) -> None:
    run = written(story(20_000, 5))
    digest = Digest.of(run)
    assert len(digest.train()) <= 2 * digest.progress.train.capacity + 2
    assert len(digest.samples) <= MOST and digest.samples[-1][0] == 20_000
    digest.keep()
    assert (run.path / "state" / "digest.json").stat().st_size < 400_000
    seen = glimpse(run)
    assert (seen.iterations, seen.iteration) == (20_000, 20_000)
    assert len(seen.train) > 300
    gaps = [b.x - a.x for a, b in zip(seen.train.points(), seen.train.points()[1:], strict=False)]
    assert max(gaps) < 20_000 / 50


def test_a_closer_look_has_every_loss(written: Written) -> None:
    digest = Digest.of(written(story(20_000, 500)))
    found = digest.detail(7000, 7300, 1 << 20)
    assert found is not None
    assert {*range(7000, 7301)} <= {int(point.x) for point in found.train.points()}
    assert digest.detail(0, 20_000, 1 << 20) is None


def test_there_may_be_nothing(tmp_path: Path) -> None:
    digest = Digest.of(Run(tmp_path))
    assert (digest.behind, digest.train(), digest.best(), digest.answers(3), digest.report(3)) == (
        0,
        [],
        None,
        None,
        None,
    )
    digest.keep()
