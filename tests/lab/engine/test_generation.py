"""A run is scored and asked at any of its checkpoints, on either held-out split, answer by answer."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from short import SHORT

from lab.datasets.find import find_data
from lab.runs.directory import Run
from lab.score import same


@pytest.fixture(scope="module")
def few(trained: Callable, tmp_path_factory) -> Run:
    """A trained run, held against a dozen rows of its data, since answering hundreds takes long."""
    run, _ = trained("--model", "sprout", *SHORT)
    folder = tmp_path_factory.mktemp("few")
    (folder / "data").mkdir()
    for split in ("train", "valid"):
        rows = (find_data("sql").path / f"{split}.jsonl").read_text().splitlines(keepends=True)
        (folder / "data" / f"{split}.jsonl").write_text("".join(rows[:12]))
    copy = Run(Path(shutil.copytree(run.path, folder / "run")))
    spec = yaml.safe_load((copy.path / "spec.yaml").read_text())
    spec["lowrank"]["data"] = str(folder / "data")
    (copy.path / "spec.yaml").write_text(yaml.safe_dump(spec))
    return copy


def test_an_earlier_checkpoint_is_scored_with_every_answer(few: Run, desk) -> None:
    words = ("evaluate", str(few.path), "--split", "valid", "--json")
    early = desk(*words, "--answers", "--checkpoint", "6").lines[-1]
    assert (early["checkpoint"], early["split"], early["examples"]) == ("6", "valid", len(early["answers"]))
    right = [each["right"] for each in early["answers"]]
    assert len(right) == 12 and early["exact_match"] == sum(right) / len(right)
    assert all(each["right"] == same(each["answer"], each["expected"]) for each in early["answers"])
    assert all("SELECT" in each["expected"] and "SELECT" not in each["base_answer"] for each in early["answers"])
    late = desk(*words).lines[-1]
    assert late["loss"] < early["loss"] and late["checkpoint"] == "last" and "answers" not in late
    none = desk("evaluate", str(few.path))
    assert none.code == 1 and "holds no test.jsonl" in none.err and "--split" in none.err


@pytest.mark.long
def test_one_question_goes_to_the_checkpoint_asked_for(few: Run, desk) -> None:
    prompt = "Table dogs with columns name, age. What is the age of dogs with name 'Rex'?"
    early, late = (desk("generate", str(few.path), "-p", prompt, "--checkpoint", n).out for n in ("6", "12"))
    assert early.strip() and late.strip() and early != late


@pytest.mark.parametrize(
    ("words", "says"),
    [(("--split", "train"), "give test or valid"), (("--checkpoint", "7"), "give one of last")],
)
def test_a_split_or_checkpoint_that_is_not_there_is_wrong_usage(words, says: str, few: Run, desk) -> None:
    done = desk("evaluate", str(few.path), *words)
    assert done.code == 2 and says in done.err and done.err.count("\n") == 1
