"""The form without its widgets: text to values and back, ranges, and what can be taken back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.spec import RunSpec
from tui.views.new_run import fields
from tui.views.new_run.fields import BY_NAME, FIELDS, Known
from tui.views.new_run.history import History, State

KNOWN = Known(blocks=6, rows=1200, format="prompt/completion")


def values(**changes: str) -> dict[str, str]:
    return {**fields.standard(), **{name.replace("__", "."): text for name, text in changes.items()}}


def test_every_field_of_a_spec_has_a_line_or_goes_along_unseen() -> None:
    shown = {field.name.partition(".")[0] for field in FIELDS}
    assert shown | set(fields.HIDDEN) == set(RunSpec.model_fields)
    assert fields.faults(fields.standard(), KNOWN) == {}


specs = st.builds(
    lambda **kw: RunSpec.make(kw),
    learning_rate=st.floats(1e-9, 1.0, allow_subnormal=False),
    iters=st.integers(1, 10_000_000),
    bits=st.sampled_from([None, 3, 4, 5, 6, 8]),
    mask_prompt=st.sampled_from([None, True, False]),
    sample_prompts=st.lists(st.text(min_size=1, max_size=20).map(str.strip).filter(bool), max_size=3),
    lora_parameters=st.fixed_dictionaries(
        {"rank": st.integers(1, 512), "scale": st.floats(1e-3, 1000), "keys": st.sampled_from([None, ["mlp.up_proj"]])}
    ),
    lr_schedule=st.sampled_from(["cosine", "constant", {"name": "linear_schedule", "arguments": [0.1, 0.0, 10]}]),
    optimizer_config=st.sampled_from([RunSpec().optimizer_config, {"adam": {"bias_correction": False}}]),
)


@given(specs)
def test_a_spec_comes_back_from_the_form_as_it_went_in(spec: RunSpec) -> None:
    text = fields.to_text(spec)
    assert RunSpec.make(fields.spec_fields(text, KNOWN, fields.hidden(spec))) == spec


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("lora_parameters.rank", "0", "range"),
        ("lora_parameters.rank", "eight", "whole"),
        ("lora_parameters.dropout", "1", "range"),
        ("learning_rate", "nan", "number"),
        ("learning_rate", "0", "range"),
        ("num_layers", "7", "layers"),
        ("num_layers", "0", "layers"),
        ("num_layers", "all", None),
        ("batch_size", "1,200", None),
        ("batch_size", "1201", "range"),
        ("iters", "0", "range"),
        ("max_seq_length", "7", "least"),
        ("seed", "4294967296", "range"),
        ("sample_prompts", "[one, two", "list"),
        ("sample_prompts", "one", None),
        ("model", " ", "empty"),
    ],
)
def test_what_is_wrong_is_said_of_its_field(name: str, text: str, kind: str | None) -> None:
    found = fields.fault(BY_NAME[name], {**fields.standard(), name: text}, KNOWN)
    assert (found.kind if found else None) == kind


def test_what_does_not_matter_is_neither_checked_nor_written() -> None:
    full = values(fine_tune_type="full", lora_parameters__rank="x")
    assert fields.faults(full, KNOWN) == {} and "lora_parameters" not in fields.spec_fields(full, KNOWN, {})
    plain = values(mask_prompt="true")
    assert "mask_prompt" not in fields.spec_fields(plain, Known(format="text"), {})


def test_the_method_follows_from_the_base() -> None:
    assert fields.method(values(), KNOWN) == "LoRA"
    assert fields.method(values(), Known(bits=4)) == "QLoRA"
    assert fields.method(values(bits="4", fine_tune_type="dora"), KNOWN) == "QDoRA"
    assert fields.method(values(bits="4", fine_tune_type="full"), KNOWN) == "full"


def test_letters_typed_into_one_field_are_one_step_back() -> None:
    history, states = History(), [State({"a": str(n)}, {}) for n in range(4)]
    history.note(states[0], "a")
    history.note(states[1], "a")
    history.pause()
    history.note(states[2], "a")
    history.note(states[3], "")
    assert [history.back() for _ in range(4)] == [states[3], states[2], states[0], None]
