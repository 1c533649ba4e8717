"""Every flag and key of `mlx_lm lora` has its fate here: the table knows all of them, and tells the truth."""

from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import yaml

from foreign import from_yaml
from lab.errors import LabError
from lab.hyperparameters import write_spec
from lab.mlx_flags import FATES, OLD, RELEASE, TABLE, old_flag, page, take
from lab.spec import RunSpec

DOCS = Path(__file__).parents[2] / "docs"
EXAMPLE = """
model: "mlx-community/Llama-3.2-1B-Instruct-bf16"
train: true
fine_tune_type: lora
optimizer: adamw
optimizer_config:
  adamw:
    betas: [0.9, 0.98]
    eps: 1e-6
    weight_decay: 0.05
    bias_correction: true
data: "mlx-community/WikiSQL"
seed: 0
num_layers: 16
batch_size: 4
iters: 1000
val_batches: 25
learning_rate: 1e-5
steps_per_report: 10
steps_per_eval: 200
grad_accumulation_steps: 1
resume_adapter_file: null
adapter_path: "adapters"
save_every: 100
test: false
test_batches: 100
max_seq_length: 2048
grad_checkpoint: false
lora_parameters:
  keys: ["self_attn.q_proj", "self_attn.v_proj"]
  rank: 8
  scale: 20.0
  dropout: 0.0
lr_schedule:
  name: cosine_decay
  warmup: 100
  warmup_init: 1e-7
  arguments: [1e-5, 1000, 1e-7]
"""
"""The keys and values of mlx_lm/examples/lora_config.yaml, with what is commented out there but the trackers."""


def write(path: Path, fields: Any) -> Path:
    path.write_text(fields if isinstance(fields, str) else yaml.safe_dump(fields))
    return path


def refusal(fields: Mapping[str, Any], tmp_path: Path, **flags: Any) -> str:
    with pytest.raises(LabError) as caught:
        RunSpec.make(take(flags, write(tmp_path / "x.yaml", dict(fields))).fields)
    assert caught.value.usage
    return str(caught.value)


def test_no_flag_or_key_of_the_installed_mlx_lm_is_missing_from_the_table() -> None:
    from mlx_lm.lora import CONFIG_DEFAULTS, build_parser

    assert version("mlx-lm") == RELEASE, "look at what is new in mlx-lm, then at the table"
    actions = {action.dest: action for action in build_parser()._actions if action.dest != "help"}
    assert actions.keys() <= FATES.keys() and CONFIG_DEFAULTS.keys() <= FATES.keys()
    for name, action in actions.items():
        assert FATES[name].flag == "/".join(action.option_strings)
    assert {entry.key for entry in TABLE if entry.flag} == actions.keys()
    for name, default in CONFIG_DEFAULTS.items():
        if not isinstance(default, dict):
            assert from_yaml(FATES[name].there) == default, name
    inner = {f"lora_parameters.{name}" for name in CONFIG_DEFAULTS["lora_parameters"]}
    inner |= {f"optimizer_config.{name}" for name in CONFIG_DEFAULTS["optimizer_config"]}
    assert inner <= FATES.keys()
    for name in CONFIG_DEFAULTS["lora_parameters"]:
        assert FATES[f"lora_parameters.{name}"].there == str(CONFIG_DEFAULTS["lora_parameters"][name])


def test_every_name_that_mlx_lm_reads_of_data_and_schedules_is_in_the_table() -> None:
    import inspect
    import re

    from mlx_lm.tuner import datasets, utils

    read = set(re.findall(r'(?:config|args), "(\w+)"', inspect.getsource(datasets)))
    read |= {f"hf_dataset.{name}" for name in re.findall(r'ds(?:\.get\(|\[)"(\w+)"', inspect.getsource(datasets))}
    schedule = inspect.getsource(utils.build_schedule)
    read |= {f"lr_schedule.{name}" for name in re.findall(r'schedule_config(?:\.get\(|\[)"(\w+)"', schedule)}
    assert read - {"hf_dataset.mask_prompt"} <= FATES.keys() and len(read) > 10


def test_the_settings_of_every_optimizer_are_mlx_s() -> None:
    import inspect

    import mlx.optimizers as optim

    from lab.engine.train import OPTIMIZERS
    from lab.spec import OPTIMIZER_SETTINGS, SCHEDULES

    assert OPTIMIZERS.keys() == OPTIMIZER_SETTINGS.keys()
    for name, kind in OPTIMIZERS.items():
        taken = set(inspect.signature(kind.__init__).parameters) - {"self", "learning_rate"}
        assert taken == set(OPTIMIZER_SETTINGS[name]), name
    for name, takes in SCHEDULES.items():
        found = inspect.signature(getattr(optim.schedulers, str(name))).parameters.values()
        assert [each.default is each.empty for each in found] == [not each.endswith("?") for each in takes]


GIVEN: dict[str, Any] = {
    "test": True, "train": True, "lr_schedule": "constant", "optimizer_config": {"adam": {}}, "model": "sprout",
    "lora_parameters": {"rank": 4}, "fine_tune_type": "dora", "optimizer": "muon", "mask_prompt": True,
    "data": "record", "report_to": "wandb", "project_name": "x", "trust_remote_code": True, "adapter_path": "somewhere",
    "config": "x.yaml", "hf_dataset": {"path": "org/name"}, "prompt_feature": "input", "completion_feature": "output",
    "text_feature": "body", "chat_feature": "conversations", "grad_checkpoint": True, "learning_rate": 1e-3,
}  # fmt: skip
"""A value for each key that differs from both defaults; any other gets a number."""


@pytest.mark.parametrize("key", [entry.key for entry in TABLE if "." not in entry.key])
def test_what_the_table_says_of_a_key_is_what_happens(key: str, tmp_path: Path) -> None:
    value = GIVEN.get(key, 9)
    if key == "resume_adapter_file":
        value = str(write(tmp_path / "adapters.safetensors", "x"))
    fields = {key: value} | ({"train": True} if key == "test" else {})
    if FATES[key].fate == "refused":
        line = refusal(fields, tmp_path)
        assert line.startswith(f"x.yaml: {key}: ") and "; " in line
        return
    taken = take({}, write(tmp_path / "x.yaml", fields))
    spec = RunSpec.make(taken.fields)
    if FATES[key].fate == "mapped":
        assert taken.notes or key == "train", "what is done in another way is said"
    elif key == "adapter_path":
        assert taken.adapter_path == value
    else:
        kept = getattr(spec, key)
        assert kept == value or (key == "lora_parameters" and kept.rank == 4)


@pytest.mark.parametrize("key", ["report_to", "project_name", "trust_remote_code"])
def test_a_flag_is_refused_as_its_key_is(key: str) -> None:
    with pytest.raises(LabError, match="--" + key.replace("_", "-")):
        take({key: GIVEN[key]})
    assert take({key: None}).fields == {} == take({key: False}).fields


def test_every_refusal_is_told_at_once(tmp_path: Path) -> None:
    asked = {"model": "sprout", "data": "sql", "test": True, "report_to": "wandb",
             "resume_adapter_file": "/nonexistent/adapters.safetensors"}  # fmt: skip
    line = refusal(asked, tmp_path)
    assert all(name in line for name in ("test:", "report_to:", "no file /nonexistent/adapters.safetensors"))
    assert "lowrank evaluate" in line and "resume_adapter_file:" in refusal(asked | {"train": True}, tmp_path)


def test_mlx_lms_own_example_passes(tmp_path: Path) -> None:
    taken = take({}, write(tmp_path / "lora_config.yaml", EXAMPLE))
    spec = RunSpec.make(taken.fields)
    assert (spec.num_layers, spec.iters, spec.learning_rate, spec.test_batches) == (16, 1000, 1e-5, 100)
    assert spec.optimizer_config["adamw"]["eps"] == 1e-6 and spec.schedule() == from_yaml(EXAMPLE)["lr_schedule"]
    assert taken.adapter_path == "adapters" and not taken.notes


def test_an_adapter_path_of_a_runs_own_yaml_is_not_copied_to(tmp_path: Path) -> None:
    write_spec(RunSpec(), tmp_path / "spec.yaml", model_path="/m", data_path="/d", adapter_path=tmp_path / "adapters")
    taken = take({}, tmp_path / "spec.yaml")
    assert taken.adapter_path == "" and RunSpec.make(taken.fields) == RunSpec()


def test_old_names_are_told_what_to_write_now(tmp_path: Path) -> None:
    for name, told in OLD.items():
        line = refusal({name: 4}, tmp_path)
        assert f"write {told}" in line and "there are" not in line
    assert "write rank" in refusal({"lora_parameters": {"r": 4}}, tmp_path)
    assert old_flag("--lora-layers") == "write --num-layers" and old_flag("--use-dora") == "write --fine-tune-type dora"
    assert old_flag("--weight-decay").startswith("write it below optimizer_config") and old_flag("--nonsense") == ""


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"learning_rat": 1}, "learning_rat: no such field; did you mean learning_rate?"),
        ({"lowrank": {"bts": 4}}, "lowrank.bts: is no field of ours; did you mean bits?"),
        ({"lowrank": 5}, "lowrank: is not a mapping"),
        ({"lora_parameters": "abc"}, "lora_parameters: is not a mapping"),
        ({"lora_parameters": {"rnk": 8}}, "did you mean rank?"),
        ({"optimizer_config": {"adam": {"foo": 1}}}, "optimizer_config.adam.foo: no such field; there are betas"),
        ({"optimizer_config": {"adem": {}}}, "optimizer_config.adem: no such field; did you mean adam"),
        ({"optimizer_config": {"adam": {"eps": "small"}}}, "optimizer_config.adam.eps: input should be a valid number"),
        ({"optimizer_config": {"adam": {"betas": [0.9]}}}, "optimizer_config.adam.betas"),
        ({"optimizer_config": {"sgd": 3}}, "optimizer_config.sgd: is not a mapping"),
        ({"lr_schedule": {"name": "cosine", "arguments": [1]}}, "lr_schedule.name: input should be 'cosine_decay'"),
        ({"lr_schedule": {"name": "step_decay", "arguments": [1]}}, "step_decay takes rate, factor, steps"),
        ({"lr_schedule": {"nme": "cosine_decay", "arguments": [1]}}, "lr_schedule.name: field required"),
        ({"lr_schedule": 5}, "--lr-schedule: input should be 'cosine' or 'constant'"),
        ({"num_layers": 0}, "0 blocks would train nothing"),
        ({"train": False}, "train: is false"),
        ({"alpha": 16, "lora_parameters": {"scale": 2}}, "alpha: says the same as scale"),
        ({"alpha": "x"}, "alpha: is not a number above 0"),
        ({"hf_dataset": {"path": "org/a", "train_split": "train[:10]"}}, "train_split cannot be chosen here"),
        ({"hf_dataset": [{"path": "a"}, {"path": "b"}]}, "several data sets"),
        ({"clear_cache_threshold": "much"}, "clear_cache_threshold: is no amount of memory"),
    ],
)
def test_nonsense_is_named_where_it_stands(fields: dict[str, Any], said: str, tmp_path: Path) -> None:
    assert said in refusal(fields, tmp_path)


def test_alpha_is_arithmetic(tmp_path: Path) -> None:
    for taken in (
        take({"alpha": 16.0}),
        take({}, write(tmp_path / "a.yaml", {"alpha": 16})),
        take({}, write(tmp_path / "b.yaml", {"lora_parameters": {"alpha": 16, "rank": 8}})),
        take(
            {"lora_parameters": {"rank": 8}}, write(tmp_path / "c.yaml", {"alpha": 16, "lora_parameters": {"rank": 4}})
        ),
    ):
        assert taken.fields["lora_parameters"]["scale"] == 2.0 and taken.notes == ["alpha 16 at rank 8 is scale 2"]
    over = take({"lora_parameters": {"scale": 3.0}}, write(tmp_path / "d.yaml", {"lora_parameters": {"alpha": 16}}))
    assert over.fields["lora_parameters"] == {"scale": 3.0}, "a flag wins over the file"


def test_sizes_are_read_as_mlx_lm_reads_them() -> None:
    assert take({"clear_cache_threshold": "2GB"}).fields == {"clear_cache_threshold": 2_000_000_000}


def test_a_data_set_of_the_hub_in_mlx_lms_own_words(tmp_path: Path) -> None:
    taken = take({}, write(tmp_path / "x.yaml", {"hf_dataset": [{"path": "org/name", "prompt_feature": "prompt"}]}))
    assert taken.fields["data"] == "org/name" and "hf_dataset is read as data: org/name" in taken.notes[0]


@pytest.mark.parametrize("text", ["1e-5", "1E-5", "1.0e-5", "+1e-5", "1e-05"])
def test_a_number_is_a_number_wherever_it_stands(text: str) -> None:
    found = from_yaml(f"a: {text}\nb: {{c: [{text}]}}")
    assert found == {"a": 1e-5, "b": {"c": [1e-5]}}
    assert from_yaml("[1e, e5, x1e-5, 0x1e5]")[:3] == ["1e", "e5", "x1e-5"]


def test_the_page_for_people_is_the_tables() -> None:
    assert (DOCS / "mlx-lm-flags.md").read_text(encoding="utf-8") == page(), "write it: python -m lab.mlx_flags"
