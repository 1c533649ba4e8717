import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.spec import RunSpec
from tui.locale import sayer
from tui.panes.lab import fields
from tui.panes.lab.fields import Choices, Data, Model

CHOICES = Choices(
    (Model("sprout", 0, 2_852_352, 6), Model("sprout-4bit", 4, 2_852_352, 6)),
    (Data("sql", "prompt/completion", 1000), Data("journal", "text", 400)),
    RunSpec().learning_rate,
)


def values(**changed: str) -> dict[str, str]:
    return fields.defaults(CHOICES) | changed


def test_the_defaults_are_a_run() -> None:
    assert not fields.errors(values(), CHOICES, sayer("en"))
    spec = RunSpec.make(fields.spec_fields(values(), CHOICES))
    assert (spec.model, spec.data, spec.fine_tune_type, spec.lora_parameters.rank) == ("sprout", "sql", "lora", 8)
    assert (spec.num_layers, spec.iters, spec.batch_size) == (-1, 400, 8)
    assert spec.learning_rate == RunSpec.make({}).learning_rate
    assert spec.mask_prompt is True


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("rank", ""),
        ("rank", "0"),
        ("rank", "8.5"),
        ("rank", "eight"),
        ("layers", "0"),
        ("layers", "7"),
        ("layers", "-2"),
        ("iterations", "0"),
        ("batch", "1001"),
        ("rate", "0"),
        ("rate", "nan"),
        ("rate", "1.5"),
        ("seed", "-1"),
    ],
)
def test_wrong_values_are_named(name: str, text: str) -> None:
    assert list(fields.errors(values(**{name: text}), CHOICES, sayer("en"))) == [name]


@pytest.mark.parametrize(
    ("name", "text", "key", "value"),
    [
        ("layers", "all", "num_layers", -1),
        ("layers", " ALL ", "num_layers", -1),
        ("layers", "6", "num_layers", 6),
        ("iterations", "1,000", "iters", 1000),
        ("rate", "1e-4", "learning_rate", 1e-4),
        ("mask", "off", "mask_prompt", False),
    ],
)
def test_right_values_become_spec_fields(name: str, text: str, key: str, value: object) -> None:
    changed = values(**{name: text})
    assert not fields.errors(changed, CHOICES, sayer("en"))
    assert fields.spec_fields(changed, CHOICES)[key] == value


def test_what_does_not_matter_is_left_out() -> None:
    full, text = values(method="full", rank="x"), values(data="journal")
    assert not fields.errors(full, CHOICES, sayer("en"))
    assert "lora_parameters" not in fields.spec_fields(full, CHOICES)
    assert "mask_prompt" not in fields.spec_fields(text, CHOICES)


def test_the_method_follows_from_the_base() -> None:
    assert fields.method(values(), CHOICES) == "LoRA"
    assert fields.method(values(model="sprout-4bit"), CHOICES) == "QLoRA"
    assert fields.method(values(model="sprout-4bit", method="dora"), CHOICES) == "QDoRA"
    assert fields.method(values(model="sprout-4bit", method="full"), CHOICES) == "full"


text = st.text(alphabet=st.sampled_from("0123456789.,-+eE xall٣"), max_size=8)


@given(st.sampled_from(fields.NUMBERS), text)
def test_whatever_the_form_lets_through_runspec_takes(name: str, typed: str) -> None:
    changed = values(**{name: typed})
    if not fields.errors(changed, CHOICES, sayer("en")):
        RunSpec.make(fields.spec_fields(changed, CHOICES))
