"""RunSpec: mlx-lm's names, our defaults, and errors that say what to do."""

import types
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from lab.errors import LabError
from lab.hyperparameters import write_spec
from lab.models.find import find_model
from lab.spec import RunSpec, check_layers, read_yaml


def test_mlx_lm_reads_the_yaml_we_write_and_keeps_our_values(tmp_path: Path) -> None:
    from mlx_lm.lora import CONFIG_DEFAULTS, yaml_loader

    spec = RunSpec.make({"data": "sql", "learning_rate": 3e-4, "lora_parameters": {"rank": 4}, "mask_prompt": True})
    path = tmp_path / "spec.yaml"
    write_spec(spec, path, model_path="/models/sprout", data_path="/data/sql", adapter_path=tmp_path / "adapters")
    fields = yaml.load(path.read_text(), yaml_loader)
    args = types.SimpleNamespace(**(CONFIG_DEFAULTS | fields))
    assert args.learning_rate == 3e-4 and isinstance(args.learning_rate, float)
    assert args.lora_parameters == {"rank": 4, "scale": 20.0, "dropout": 0.0}
    assert (args.model, args.train, args.mask_prompt) == ("/models/sprout", True, True)
    ours = set(fields) - set(CONFIG_DEFAULTS)
    assert ours == {"lowrank"}, "every other field is one of mlx-lm's"


def test_a_written_spec_reads_back_equal(tmp_path: Path) -> None:
    spec = RunSpec.make({"fine_tune_type": "dora", "iters": 7, "num_layers": 3, "mask_prompt": False})
    write_spec(spec, tmp_path / "s.yaml", model_path="/m", data_path="/d", adapter_path=tmp_path)
    assert RunSpec.read(tmp_path / "s.yaml") == spec


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        ({"iters": 0}, ("--iters", "greater than or equal to 1", "0")),
        ({"fine_tune_type": "qlora"}, ("--fine-tune-type", "lora", "dora", "full")),
        ({"learning_rate": -1}, ("--learning-rate",)),
        ({"lora_parameters": {"rank": 0}}, ("--rank",)),
        ({"batch_siz": 16}, ("--batch-siz", "no such field", "did you mean batch_size")),
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


def test_the_command_is_one_that_is_taken() -> None:
    from lab.mlx_flags import take

    assert RunSpec(test=True).command()[-2:] == ["--test", "--train"]
    assert take({"test": True, "train": True}).fields == {"test": True}


def test_a_yaml_that_is_none_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("- 1\n- 2\n")
    with pytest.raises(LabError, match=r"x\.yaml: is not a mapping"):
        read_yaml(path)
    path.write_text("a: [")
    with pytest.raises(LabError, match="cannot be read"):
        read_yaml(path)


def test_a_model_that_says_it_has_no_blocks_is_not_asked_for_one_to_minus_six(tmp_path: Path) -> None:
    broken = replace(find_model("sprout", tmp_path), shape={"blocks": -6})
    for layers in (-1, 4):
        with pytest.raises(LabError, match=r"config.json says that it has -6 blocks; fetch or copy"):
            check_layers(RunSpec(num_layers=layers), broken)


@pytest.mark.parametrize(
    ("fields", "updates", "warmup"),
    [
        ({"iters": 400}, 400, 20),
        ({"iters": 4, "grad_accumulation_steps": 10}, 1, 0),
        ({"iters": 44, "grad_accumulation_steps": 2}, 22, 1),
        ({"iters": 45, "grad_accumulation_steps": 2}, 23, 1),
        ({"iters": 45, "grad_accumulation_steps": 2, "stock": True}, 22, 1),
    ],
)
def test_a_schedule_counts_updates_and_the_last_incomplete_one_is_one(
    fields: dict[str, object], updates: int, warmup: int
) -> None:
    spec = RunSpec.make(fields)
    schedule = spec.schedule()
    assert spec.updates == updates and schedule
    assert (schedule["warmup"], schedule["arguments"][1]) == (warmup, updates - warmup)


def test_the_highest_rate_is_the_schedules_where_one_is_spelt_out() -> None:
    rates = {"cosine_decay": [1e-4, 50, 1e-6], "linear_schedule": [0.0, 1e-4, 50], "step_decay": [1e-4, 0.5, 10]}
    for name, arguments in rates.items():
        spec = RunSpec.make({"learning_rate": 0.5, "lr_schedule": {"name": name, "arguments": arguments}})
        assert spec.highest_rate == 1e-4
    assert RunSpec(learning_rate=0.5).highest_rate == 0.5
