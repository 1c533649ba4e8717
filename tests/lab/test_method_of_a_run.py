"""A method is called the same wherever it is shown: before a run has started and after, with its base and without."""

from pathlib import Path

import pytest
from event_of import event_of

from lab.events.writer import EventLog
from lab.models.find import ModelInfo
from lab.reports.comparison import Contender
from lab.runs import run_index
from lab.runs.directory import Run, Runs
from lab.runs.method import method_of
from lab.runs.snapshot import RunSnapshot
from lab.spec import RunSpec
from tui.panes.lab import fields as pane
from tui.views.chat import run_source
from tui.views.new_run import fields as new

CASES = [
    ({"model": "sprout"}, "LoRA"),
    ({"model": "sprout", "bits": 4}, "QLoRA"),
    ({"model": "sprout-4bit"}, "QLoRA"),
    ({"model": "sprout", "bits": 8, "fine_tune_type": "dora"}, "QDoRA"),
    ({"model": "sprout", "fine_tune_type": "full"}, "full"),
    ({"model": "/gone", "bits": 4}, "QLoRA"),
    ({"model": "/gone", "fine_tune_type": "dora"}, "DoRA"),
]


def told(run: Run, cache: Path) -> set[str]:
    """What all that show a method call it."""
    return {
        method_of(run, cache),
        run_index.read(run, cache).method,
        Contender(run, cache).method,
        RunSnapshot(run, cache).method,
        run_source.look(run.path.parent, run.id, cache).method,
    }


@pytest.mark.parametrize(("asked", "method"), CASES)
def test_everybody_calls_it_the_same(tmp_path: Path, asked: dict[str, object], method: str) -> None:
    run = Runs(tmp_path / "runs").create(RunSpec.make(asked), model_path="/m", data_path="/d")
    assert told(run, tmp_path / "cache") == {method}
    EventLog(run.path).write(event_of("started", method="QDoRA", iterations=1))
    assert told(run, tmp_path / "cache") == {"QDoRA"}, "the engine has the last word"


def test_one_whose_spec_is_broken_is_called_as_far_as_it_can_be_read(tmp_path: Path) -> None:
    run = Runs(tmp_path / "runs").create(RunSpec(bits=4), model_path="/m", data_path="/d")
    spec = run.path / "spec.yaml"
    spec.write_text(spec.read_text().replace("iters: 400", "iters: 0"))
    assert (method_of(run, tmp_path), run_index.read(run, tmp_path).method) == ("", "QLoRA")


@pytest.mark.parametrize(("model", "bits", "kind", "method"), [
    ("sprout", 0, "lora", "LoRA"), ("sprout-4bit", 4, "lora", "QLoRA"),
    ("sprout-4bit", 4, "dora", "QDoRA"), ("sprout", 0, "full", "full"),
])  # fmt: skip
def test_the_forms_say_what_the_run_will(model: str, bits: int, kind: str, method: str) -> None:
    values = {"fine_tune_type": kind, "bits": str(bits) if bits else new.NULL}
    assert new.method(values, new.Known()) == new.method({**values, "bits": new.NULL}, new.Known(bits=bits)) == method
    choices = pane.Choices((pane.Model(model, bits, 1, 1),))
    assert pane.method({"model": model, "method": kind}, choices) == method
    assert RunSpec.make({"fine_tune_type": kind}).method(ModelInfo(model, None, bits, {}, 1, 1)) == method
