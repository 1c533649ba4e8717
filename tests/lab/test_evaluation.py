"""A score is kept beside the run, and forgotten when what was scored has changed."""

import os
from pathlib import Path

import pytest

from lab.runs import evaluation
from lab.runs.directory import Run, Runs
from lab.spec import RunSpec


@pytest.fixture
def run(tmp_path: Path) -> Run:
    data = tmp_path / "data"
    data.mkdir()
    (data / "test.jsonl").write_text('{"text": "a"}\n')
    made = Runs(tmp_path / "runs").create(RunSpec.make({"data": str(data)}), model_path="sprout", data_path=data)
    for name in ("adapters.safetensors", "0000010_adapters.safetensors"):
        (made.adapters / name).write_bytes(b"weights")
    return made


def measured(run: Run, right: float, checkpoint: str = "last", rows: int = 0, examples: int = 200) -> None:
    of = evaluation.stamp(run, checkpoint)
    score = {"checkpoint": checkpoint, "split": "test", "rows": rows, "exact_match": right, "examples": examples}
    evaluation.write(run, {**score, "loss": 0.5, "base_exact_match": None, "of": of})


def test_each_checkpoint_has_its_own(run: Run) -> None:
    assert evaluation.read(run) is None
    measured(run, 0.5)
    measured(run, 0.25, "10")
    last, early = evaluation.read(run), evaluation.read(run, "10")
    assert last and last["exact_match"] == 0.5
    assert early and (early["exact_match"], early["checkpoint"]) == (0.25, "10")
    assert evaluation.read(run, "last", "valid") is None and evaluation.read(run, "20") is None


def test_of_several_the_one_with_most_questions_unless_so_many_rows_are_asked_for(run: Run) -> None:
    measured(run, 0.4)
    measured(run, 0.6, rows=60, examples=60)
    measured(run, 0.5, rows=60, examples=60)
    for rows, right in ((None, 0.4), (0, 0.4), (60, 0.5)):
        found = evaluation.read(run, rows=rows)
        assert found and found["exact_match"] == right
    assert evaluation.read(run, rows=10) is None


@pytest.mark.parametrize("changed", ["adapter", "rows"])
def test_what_has_changed_is_not_known(run: Run, changed: str) -> None:
    measured(run, 0.4)
    file = run.adapters / "adapters.safetensors" if changed == "adapter" else Path(run.spec.data) / "test.jsonl"
    os.utime(file, ns=(1, 1))
    assert evaluation.read(run) is None


@pytest.mark.parametrize("text", ["", "[]", '{"measured": [1, {"of": 2}]}', "{"])
def test_a_broken_file_is_as_good_as_none(run: Run, text: str) -> None:
    (run.path / evaluation.NAME).write_text(text)
    assert evaluation.read(run) is None
    measured(run, 0.4)
    assert evaluation.read(run) is not None
