"""RunSpec: mlx-lm's names, our defaults, and errors that say what to do."""

import types
from pathlib import Path

import pytest
import yaml

from lab.errors import LabError
from lab.models import find_model
from lab.spec import RunSpec, check_layers, read_yaml


def test_mlx_lm_reads_the_yaml_we_write_and_keeps_our_values(tmp_path: Path) -> None:
    from mlx_lm.lora import CONFIG_DEFAULTS, yaml_loader

    spec = RunSpec.make({"data": "sql", "learning_rate": 3e-4, "lora_parameters": {"rank": 4}, "mask_prompt": True})
    path = tmp_path / "spec.yaml"
    spec.write(path, model_path="/models/sprout", data_path="/data/sql", adapter_path=tmp_path / "adapters")
    fields = yaml.load(path.read_text(), yaml_loader)
    args = types.SimpleNamespace(**(CONFIG_DEFAULTS | fields))
    assert args.learning_rate == 3e-4 and isinstance(args.learning_rate, float)
    assert args.lora_parameters == {"rank": 4, "scale": 20.0, "dropout": 0.0}
    assert (args.model, args.train, args.mask_prompt) == ("/models/sprout", True, True)
    ours = set(fields) - set(CONFIG_DEFAULTS)
    assert ours == {"lowrank"}, "every other field is one of mlx-lm's"


def test_a_written_spec_reads_back_equal(tmp_path: Path) -> None:
    spec = RunSpec.make({"fine_tune_type": "dora", "iters": 7, "num_layers": 3, "mask_prompt": False})
    spec.write(tmp_path / "s.yaml", model_path="/m", data_path="/d", adapter_path=tmp_path)
    assert RunSpec.read(tmp_path / "s.yaml") == spec


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        ({"iters": 0}, ("--iters", "greater than or equal to 1", "0")),
        ({"fine_tune_type": "qlora"}, ("--fine-tune-type", "lora", "dora", "full")),
        ({"learning_rate": -1}, ("--learning-rate",)),
        ({"lora_parameters": {"rank": 0}}, ("--rank",)),
        ({"alpha": 16}, ("--alpha", "known fields", "lora_parameters")),
    ],
)
def test_a_wrong_field_is_named_with_its_remedy_on_one_line(fields: dict[str, object], names: tuple[str, ...]) -> None:
    with pytest.raises(LabError) as caught:
        RunSpec.make(fields)
    line = str(caught.value)
    assert "\n" not in line and caught.value.usage
    assert all(name in line for name in names), line


def test_more_layers_than_the_model_has_are_refused_with_what_is_possible(tmp_path: Path) -> None:
    sprout = find_model("sprout", tmp_path)
    check_layers(RunSpec(num_layers=6), sprout)
    with pytest.raises(LabError, match=r"--num-layers: 16 layers asked for, but sprout has 6; give 1 to 6"):
        check_layers(RunSpec(num_layers=16), sprout)


def test_the_method_is_derived_from_the_base(tmp_path: Path) -> None:
    full, quantized = find_model("sprout", tmp_path), find_model("sprout-4bit", tmp_path)
    assert RunSpec().method(full) == "LoRA" and RunSpec().method(quantized) == "QLoRA"
    assert RunSpec(fine_tune_type="dora").method(quantized) == "QDoRA"


def test_the_command_names_only_what_differs_from_the_defaults() -> None:
    spec = RunSpec.make({"iters": 50, "mask_prompt": False, "lora_parameters": {"rank": 16}})
    changed = ["--iters", "50", "--no-mask-prompt", "--rank", "16"]
    assert spec.command() == ["lowrank", "train", "--model", "sprout", "--data", "sql", *changed]


def test_a_yaml_that_is_none_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("- 1\n- 2\n")
    with pytest.raises(LabError, match=r"x\.yaml: is not a mapping"):
        read_yaml(path)
    path.write_text("a: [")
    with pytest.raises(LabError, match="cannot be read"):
        read_yaml(path)
