"""The memory estimate: what it grows with, what reaches how deep, and how near it is to what runs really took."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.models.find import preset_shape
from lab.planning.memory import COMPONENTS, FACTORS, Step, components, weights_bytes
from lab.planning.row_lengths import Batch, changed, uniform

SHAPE = preset_shape("llama-3.2-1b")
STEP = Step(SHAPE, 1_235_814_400, 5_636_096, "lora", 0, 64, 2, -1, None, 4, uniform(256, 4))


def peak(step: Step) -> int:
    return sum(components(step).values())


@given(
    st.sampled_from(["lora", "dora", "full"]),
    st.sampled_from([0, 3, 4, 8]),
    st.integers(1, 16),
    st.integers(1, 64),
    st.integers(8, 4096),
    st.booleans(),
    st.sampled_from(["cpu", "metal"]),
)
def test_less_work_never_takes_more(
    method: str, bits: int, layers: int, batch: int, length: int, checkpoint: bool, device: str
) -> None:
    step = replace(STEP, method=method, bits=bits, layers=layers, rows=batch, batch=uniform(length, batch))
    step = replace(step, grad_checkpoint=checkpoint, device=device)
    assert tuple(components(step)) == COMPONENTS and min(components(step).values()) >= 0
    assert peak(step) <= peak(replace(step, rows=batch + 1, batch=uniform(length, batch + 1)))
    assert peak(step) <= peak(replace(step, batch=uniform(length + 8, batch)))
    assert peak(step) <= peak(replace(step, layers=layers + 1))
    assert peak(step) <= peak(replace(step, accumulate=True))


def test_four_bits_are_a_half_byte_and_an_eighth_of_scales_a_weight() -> None:
    quantized = replace(STEP, bits=4)
    assert weights_bytes(replace(quantized, device="metal")) == round(STEP.total * 0.5625)
    assert weights_bytes(replace(STEP, device="metal")) == STEP.total * 2 and weights_bytes(STEP) == STEP.total * 4


@pytest.mark.parametrize(
    ("layers", "keys", "reach"),
    [
        (-1, None, 16),
        (3, None, 3),
        (99, None, 16),
        (3, ["self_attn.q_proj"], 3),
        (3, ["lm_head"], 0),
        (3, ["model.layers.2.mlp.up_proj"], 14),
        (3, ["self_attn.q_proj", "model.layers.15.mlp.up_proj"], 3),
        (3, ["model.embed_tokens"], 16),
    ],
)
def test_the_gradient_reaches_down_to_the_first_block_that_is_trained(
    layers: int, keys: list[str] | None, reach: int
) -> None:
    assert replace(STEP, layers=layers, keys=keys).reach == reach


def test_checkpointing_keeps_the_inputs_of_blocks_and_one_block() -> None:
    plain, saving = components(STEP), components(replace(STEP, grad_checkpoint=True))
    assert saving["attention"] < plain["attention"] and saving["logits"] == plain["logits"]
    inputs = 4 * 4 * 256 * 16 * SHAPE["hidden"]
    assert saving["activations"] == pytest.approx(plain["activations"] / 16 + inputs)


def test_a_cpu_takes_no_memory_for_padding_and_unsupervised_positions_where_it_packs() -> None:
    uneven = replace(STEP, batch=Batch(256, 600, 50))
    for device in ("metal", "cpu"):
        padded = replace(STEP, device=device)
        assert components(replace(uneven, device=device)) == components(padded), "without packing, padding counts"
    packed, full = components(replace(uneven, packed=True)), components(replace(STEP, packed=True))
    assert packed["logits"] == pytest.approx(full["logits"] * 50 / 1024, rel=1e-6)
    assert packed["activations"] == pytest.approx(full["activations"] * 600 / 1024, rel=1e-6)


def test_a_batch_of_fewer_or_shorter_rows_is_no_longer_than_they_are() -> None:
    batch = Batch(100, 500, 60)
    assert changed(batch, 8, 8, 2048) == batch
    assert changed(batch, 8, 1, 2048) == Batch(100, 100, pytest.approx(12))
    assert changed(batch, 8, 8, 40) == Batch(40, 320, pytest.approx(60))


def test_factors_say_where_they_are_from() -> None:
    assert "this engine" in FACTORS["packed"].source and "not measured" in FACTORS["gpu"].source
    assert FACTORS["gpu"].uncertainty > FACTORS["packed"].uncertainty
