"""The rule that recommends a way of fusing, on tables as they are measured and on any other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.fidelity import LEAST_EFFECT, Way, faults, recommend

SEPARATE = Way("separate", 2_500_770, 0.0, 1.0, 0.95)
DEQUANTIZED = Way("dequantized", 11_413_248, 1e-13, 1.0, 0.95)


def quantized(kl: float, exact_match: float | None = 0.95) -> Way:
    return Way("quantized", 1_791_744, kl, 0.99, exact_match)


def test_a_faithful_small_way_is_recommended_for_its_size() -> None:
    way, words = recommend([quantized(0.0016, 0.945), DEQUANTIZED, SEPARATE], 4.6, 0.95, 200)
    assert way.name == "quantized" and "0.0016 nats" in words and "smallest" in words


@pytest.mark.parametrize(
    ("way", "effect", "why"),
    [
        (quantized(0.0062), 0.009, "69% of the adapter's effect is lost"),
        (quantized(0.0095), 0.004, "rounding outweighs the adapter (0.0095 nats a token against its 0.004)"),
        (quantized(0.144), 4.6, "it is 0.144 nats a token away"),
        (quantized(0.005, 0.90), 4.6, "10 of 200 answers fewer are right"),
    ],
)
def test_each_threshold_alone_turns_the_advice_and_is_named(way: Way, effect: float, why: str) -> None:
    chosen, words = recommend([way, DEQUANTIZED, SEPARATE], effect, 0.95, 200)
    assert chosen is SEPARATE and words.startswith("separate: quantized is smaller, but ") and why in words
    assert [str(each) for each in faults(way, effect, 0.95, 200)] == [why]


def test_without_questions_divergence_alone_decides() -> None:
    bare = [Way(w.name, w.bytes, w.kl, w.top1, None) for w in (quantized(0.001), SEPARATE)]
    assert recommend(bare, 4.6, None, 0)[0].name == "quantized"


def test_a_single_answer_is_never_held_against_a_way() -> None:
    assert faults(quantized(0.001, 0.93), 4.6, 0.95, 40) == []
    assert list(map(str, faults(quantized(0.001, 0.90), 4.6, 0.95, 40))) == ["2 of 40 answers fewer are right"]


def test_where_no_way_is_faithful_the_nearest_is_taken_and_called_so() -> None:
    far, near = Way("fused", 10, 0.5, 0.8, 0.5), Way("separate", 20, 0.2, 0.9, 0.6)
    way, words = recommend([far, near], 1.0, 0.9, 10)
    assert way is near and "no way keeps what was trained" in words and "3 of 10 answers fewer" in words


def test_an_adapter_that_does_nothing_is_told() -> None:
    way, words = recommend([quantized(0.0), SEPARATE], LEAST_EFFECT / 10, 0.95, 200)
    assert way.name == "quantized" and "changes nothing that can be measured" in words


SHARE = st.floats(0, 1)
WAYS = st.lists(
    st.builds(Way, st.sampled_from(["a", "b", "c"]), st.integers(1, 10**9), st.floats(0, 10), SHARE, SHARE),
    min_size=1,
    max_size=4,
)


@given(WAYS, st.floats(0, 10), SHARE)
def test_the_table_always_supports_the_advice(ways: list[Way], effect: float, right: float) -> None:
    chosen, words = recommend(ways, effect, right, 100)
    kept = [way for way in ways if not faults(way, effect, right, 100)]
    assert chosen in ways and words.startswith(chosen.name)
    if kept:
        assert chosen in kept and chosen.bytes == min(way.bytes for way in kept)
    else:
        assert chosen.kl == min(way.kl for way in ways)
