"""Values to begin with, what was used lately, and what takes least memory."""

from pathlib import Path

import pytest

from lab.datasets.find import find_data
from lab.planning.base_model import find_base
from lab.planning.machine import Machine
from lab.planning.plan import Inputs, make
from lab.planning.recipes import RECIPES, cooked, least_memory, merged
from lab.planning.row_lengths import guess
from lab.runs.directory import Runs
from lab.runs.recent_inputs import recent
from lab.spec import RunSpec

MACHINES = [Machine(kind, kind, 16 << 30, 16 << 30) for kind in ("cpu", "metal")]


def inputs(spec: RunSpec, machine: Machine) -> Inputs:
    return Inputs(spec, find_base(spec.model, Path("/nowhere"), spec.bits), guess(find_data(spec.data), spec), machine)


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_is_a_spec_and_keeps_what_it_does_not_name(name: str) -> None:
    mine = RunSpec.make({"model": "sprout-4bit", "data": "record", "iters": 7})
    made = RunSpec.make(cooked(name, mine))
    own = RECIPES[name]
    assert (made.model, made.data) == (own.get("model", "sprout-4bit"), own.get("data", "record"))
    assert made.iters == own.get("iters", RunSpec().iters)


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.kind)
@pytest.mark.parametrize("model", ["sprout", "llama-3.2-1b"])
def test_least_memory_is_found_by_trying(model: str, machine: Machine) -> None:
    spec = RunSpec.make({"model": model})
    changes = least_memory(inputs(spec, machine))
    less = RunSpec.make(merged(spec.model_dump(), changes))
    assert make(inputs(less, machine)).peak < make(inputs(spec, machine)).peak
    assert less.batch_size * less.grad_accumulation_steps == spec.batch_size, "an update learns from as many rows"
    assert ("bits" in changes) == (machine.kind == "metal"), "a CPU keeps a dense copy beside a small quantized base"
    assert not least_memory(inputs(less, machine)), "there is nothing left to change"


def test_names_of_the_newest_runs_that_did_not_come_with_the_program(tmp_path: Path) -> None:
    runs = Runs(tmp_path / "runs")
    assert recent(runs) == ((), ())
    for model, data in (("sprout", "sql"), ("/models/old", "/data/one"), ("org/name", "/data/one")):
        made = runs.create(RunSpec.make({"model": model, "data": data}), model_path=model, data_path=data)
        made.path.rename(made.path.with_name(f"{len(runs.all()):02}"))
    broken = runs.root / "99"
    broken.mkdir()
    (broken / "spec.yaml").write_text("{")
    assert recent(runs) == (("org/name", "/models/old"), ("/data/one",))
