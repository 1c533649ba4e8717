"""The watch on the loss: deaf to noise and to a bad start, awake to a loss that leaves for good."""

import math
from dataclasses import asdict

from hypothesis import given
from hypothesis import strategies as st

from lab.verdict import PATIENCE, START, Watch


def verdicts(losses: list[float]) -> list[str]:
    watch = Watch()
    return [watch.add(loss) for loss in losses]


def test_a_loss_that_falls_or_stays_or_spikes_once_is_no_divergence() -> None:
    assert set(verdicts([4 * 0.97**i for i in range(500)])) == {""}
    assert set(verdicts([0.05] * 500)) == {""}
    assert set(verdicts([2.0] * 50 + [40.0] + [2.0] * 200)) == {""}


def test_a_loss_that_leaves_for_good_is_told_once_it_has_stayed_away() -> None:
    found = verdicts([2.0] * START + [9.0] * 100)
    assert "diverged" in found and START + PATIENCE < found.index("diverged") < START + 3 * PATIENCE


def test_no_number_is_told_at_once() -> None:
    assert verdicts([2.0, math.nan]) == ["", "nan"] and verdicts([math.inf]) == ["nan"]


@given(st.lists(st.floats(0, 20), max_size=80), st.lists(st.floats(0, 20), max_size=80))
def test_what_a_checkpoint_keeps_goes_on_as_if_unbroken(before: list[float], after: list[float]) -> None:
    whole = Watch()
    for loss in before:
        whole.add(loss)
    again = Watch(**asdict(whole))
    assert [whole.add(loss) for loss in after] == [again.add(loss) for loss in after]
