import json

import pytest
from event_of import event_of
from hypothesis import given
from hypothesis import strategies as st

from lab.events.progress import RunProgress
from lab.events.schema import Event, Reason, parse
from lab.events.series import Point

START = {
    "at": "2025-11-23T02:00:00+00:00",
    "iterations": 40,
    "trainable_parameters": 135_168,
    "total_parameters": 2_852_352,
    "base_bytes": 11_400_000,
}


def train(iteration: int, loss: float, **more: object) -> Event:
    return event_of("train", iteration=iteration, train_loss=loss, **more)


def validation(iteration: int, loss: float) -> Event:
    return event_of("validation", iteration=iteration, val_loss=loss)


def test_a_run_as_it_goes() -> None:
    progress = RunProgress()
    assert progress.apply([event_of("started", **START), event_of("stage", stage="training"), validation(0, 4.0)])
    progress.apply([train(10, 3.0, tokens_per_second=2310.0, remaining_seconds=25.0), train(20, 2.0)])
    progress.apply([validation(20, 2.2), event_of("heartbeat", iteration=23)])
    assert (progress.iteration, progress.iterations, progress.stage) == (23, 40, "training")
    assert (progress.train_loss, progress.val_loss, progress.best) == (2.0, 2.2, Point(20, 2.2))
    assert progress.measured == {"tokens_per_second": 2310.0, "remaining_seconds": 25.0}
    assert progress.done == pytest.approx(23 / 40)
    smooth = progress.smooth.points()
    assert smooth[0] == Point(10, 3.0)
    assert 2.0 < smooth[1].y < 3.0


def test_the_best_validation_is_not_the_last() -> None:
    progress = RunProgress()
    progress.apply([validation(0, 4.0), validation(10, 1.0), validation(20, 1.5)])
    assert progress.best == Point(10, 1.0)
    assert progress.val_loss == 1.5


def test_the_end_says_how_long_it_took_and_why_it_failed() -> None:
    progress = RunProgress()
    error = {"what": "out of memory", "where": "iteration 7", "remedy": "lower the batch size"}
    progress.apply([event_of("started", **START), event_of("failed", at="2025-11-23T02:01:05+00:00", error=error)])
    assert progress.ended == "failed"
    assert progress.error == Reason(**error)
    assert progress.elapsed == 65


def test_unknown_events_change_nothing() -> None:
    progress = RunProgress()
    assert not progress.apply([event_of("sample", text="x"), event_of("terminal"), event_of("")])
    assert progress.ended == ""


KINDS = ["started", "stage", "train", "validation", "heartbeat", "finished", "failed"]
KEYS = ["iteration", "iterations", "train_loss", "val_loss", "at", "error", "done", "peak_memory_bytes"]
JUNK = [None, True, -3, 0, 7, 10**400, 0.5, float("nan"), float("inf"), "", "x", [1], {"what": 3}]
event = st.builds(
    lambda kind, values: {"event": kind, **values},
    st.sampled_from(KINDS),
    st.dictionaries(st.sampled_from(KEYS), st.sampled_from(JUNK)),
)


@given(st.lists(event, max_size=30))
def test_any_values_are_survived(events: list[dict[str, object]]) -> None:
    progress = RunProgress()
    lines = [json.dumps(each).encode() for each in events]
    progress.apply(found for line in lines if (found := parse(line)))
    assert 0 <= progress.done <= 1


def test_a_resumed_run_tells_its_later_iterations_again_and_has_not_ended() -> None:
    progress, unbroken = RunProgress(), RunProgress()
    before = [event_of("started", **START), validation(0, 4.0), train(10, 3.0), validation(10, 3.5)]
    after = [train(20, 2.5), validation(20, 2.6)]
    progress.apply([*before, train(20, 9.0), validation(20, 1.0), event_of("failed", error={"what": "killed"})])
    assert progress.ended == "failed" and progress.best == Point(20, 1.0)
    progress.apply([event_of("resumed", iteration=10)])
    assert (progress.ended, progress.error, progress.iteration) == ("", None, 10)
    assert progress.best == Point(10, 3.5) and progress.elapsed is None
    progress.apply(after)
    unbroken.apply([*before, *after])
    for name in ("train", "smooth", "validation"):
        assert getattr(progress, name).points() == getattr(unbroken, name).points()
    assert progress.best == unbroken.best
