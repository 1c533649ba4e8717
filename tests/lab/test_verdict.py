"""The watch on the loss: deaf to noise and to a bad start, awake to a loss that leaves for good."""

import math
from dataclasses import asdict

from hypothesis import given
from hypothesis import strategies as st

from lab.verdict import PATIENCE, Watch


def verdicts(losses: list[float]) -> list[str]:
    watch = Watch()
    return [watch.add(loss) for loss in losses]


def test_a_loss_that_falls_or_stays_or_spikes_once_is_no_divergence() -> None:
    assert set(verdicts([4 * 0.97**i for i in range(500)])) == {""}
    assert set(verdicts([0.05] * 500)) == {""}
    assert set(verdicts([2.0] * 50 + [40.0] + [2.0] * 200)) == {""}


def test_a_loss_that_leaves_for_good_is_told_once_it_has_stayed_away() -> None:
    found = verdicts([2.0] * 10 + [9.0] * 100)
    assert "diverged" in found and 10 + PATIENCE - 1 <= found.index("diverged") < 10 + 2 * PATIENCE


def test_a_first_step_that_ruins_everything_is_seen_because_the_ground_was_measured_before_it() -> None:
    watch = Watch()
    watch.validated(4.6)
    assert "diverged" in [watch.add(loss) for loss in [4.5, *[9.0] * 10, *[6.5] * 30]]


def test_what_was_learned_and_lost_again_is_a_divergence_and_a_rough_stretch_is_none() -> None:
    learned = [4.6 * 0.95**i + 0.4 for i in range(100)]
    assert "diverged" in verdicts([*learned, *[4.3] * 60])
    assert set(verdicts([*learned, *[2.0] * 60, *[0.4] * 50])) == {""}


def test_rows_that_are_harder_than_the_validation_set_are_no_divergence() -> None:
    watch = Watch()
    watch.validated(1.0)
    assert {watch.add(3.0) for _ in range(100)} == {""}


def test_no_number_is_told_at_once() -> None:
    assert verdicts([2.0, math.nan]) == ["", "nan"] and verdicts([math.inf]) == ["nan"]


@given(st.lists(st.floats(0, 20), max_size=80), st.lists(st.floats(0, 20), max_size=80))
def test_what_a_checkpoint_keeps_goes_on_as_if_unbroken(before: list[float], after: list[float]) -> None:
    whole = Watch()
    for loss in before:
        whole.add(loss)
    again = Watch(**asdict(whole))
    assert [whole.add(loss) for loss in after] == [again.add(loss) for loss in after]
