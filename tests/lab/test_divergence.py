"""The watch on the loss: deaf to noise and to a bad start, awake to a loss that leaves for good."""

import json
import math
from collections.abc import Callable
from dataclasses import asdict

from hypothesis import given
from hypothesis import strategies as st

from lab.divergence import PATIENCE, Watch


def verdicts(losses: list[float], validate: Callable[[], float] | None = None, untrained: float = 2.0) -> list[str]:
    watch = Watch()
    if validate:
        watch.validated(untrained)
    return [watch.add(loss, validate) for loss in losses]


def test_a_loss_that_falls_or_stays_or_spikes_once_is_no_divergence() -> None:
    assert set(verdicts([4 * 0.97**i for i in range(500)])) == {""}
    assert set(verdicts([0.05] * 500)) == {""}
    assert set(verdicts([2.0] * 50 + [40.0] + [2.0] * 200)) == {""}


def test_a_loss_that_leaves_for_good_is_told_once_it_has_stayed_away() -> None:
    gone = [2.0] * 10 + [9.0] * 100
    alone, confirmed = verdicts(gone).index("diverged"), verdicts(gone, lambda: 9.0).index("diverged")
    assert 10 + PATIENCE - 1 <= confirmed < 10 + 2 * PATIENCE <= alone < 10 + 4 * PATIENCE


def test_the_validation_set_has_the_last_word_on_rows_that_are_only_harder() -> None:
    asked = []
    found = verdicts([2.0] * 10 + [9.0] * 100, lambda: asked.append(1) or 1.9)
    assert set(found) == {""} and len(asked) > 1


def test_a_first_step_that_ruins_everything_is_seen_because_the_ground_was_measured_before_it() -> None:
    assert "diverged" in verdicts([4.5, *[9.0] * 10, *[6.5] * 30], lambda: 7.0, untrained=4.6)


def test_what_was_learned_and_lost_again_is_a_divergence_and_a_rough_stretch_is_none() -> None:
    learned = [4.6 * 0.95**i + 0.4 for i in range(100)]
    assert "diverged" in verdicts([*learned, *[4.3] * 90])
    assert set(verdicts([*learned, *[2.0] * 60, *[0.4] * 50])) == {""}


def test_no_number_is_told_at_once() -> None:
    assert verdicts([2.0, math.nan]) == ["", "nan"] and verdicts([math.inf]) == ["nan"]


@given(st.lists(st.floats(0, 20), max_size=80), st.lists(st.floats(0, 20), max_size=80))
def test_what_a_checkpoint_keeps_goes_on_as_if_unbroken(before: list[float], after: list[float]) -> None:
    whole = Watch()
    for loss in before:
        whole.add(loss, None)
    again = Watch(**json.loads(json.dumps(asdict(whole))))
    assert [whole.add(loss, None) for loss in after] == [again.add(loss, None) for loss in after]
