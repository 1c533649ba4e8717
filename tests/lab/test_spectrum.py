"""Effective rank and energy, from singular values whose answer is known."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.spectrum import directions, effective_rank, energy

VALUES = st.lists(st.floats(min_value=0, max_value=1e6, allow_subnormal=False), min_size=1, max_size=40)


@pytest.mark.parametrize("count", [1, 2, 7, 192])
def test_equal_values_have_their_number_as_effective_rank(count: int) -> None:
    assert effective_rank([0.3] * count) == pytest.approx(count)
    assert directions([0.3] * count, 0.9) == math.ceil(0.9 * count)


def test_one_direction_is_rank_one_however_many_zeros_follow() -> None:
    assert effective_rank([5.0, 0.0, 0.0]) == 1
    assert directions([5.0, 0.0, 0.0], 0.99) == 1
    assert energy([5.0, 0.0, 0.0], 1) == 1


def test_a_matrix_of_zeros_has_no_direction() -> None:
    assert (effective_rank([0.0, 0.0]), directions([0.0, 0.0], 0.9), energy([0.0, 0.0], 1)) == (0, 0, 1)


def test_energy_is_the_sum_of_squares() -> None:
    assert energy([3.0, 4.0], 1) == pytest.approx(16 / 25)
    assert (directions([3.0, 4.0], 0.64), directions([3.0, 4.0], 0.65)) == (1, 2)


def test_two_values_have_the_entropy_of_their_shares() -> None:
    share = 3 / 4
    entropy = -share * math.log(share) - (1 - share) * math.log(1 - share)
    assert effective_rank([3.0, 1.0]) == pytest.approx(math.exp(entropy))


@given(VALUES, st.floats(0.01, 1.0))
def test_ranks_lie_between_one_and_all_and_hold_what_they_claim(values: list[float], share: float) -> None:
    count, rank = directions(values, share), effective_rank(values)
    if not any(v * v for v in values):
        return
    assert 1 <= count <= len(values) and 1 - 1e-9 <= rank <= len(values) * (1 + 1e-9)
    assert energy(values, count) >= share * (1 - 1e-9)
    assert energy(values, count - 1) <= share * (1 + 1e-9)
