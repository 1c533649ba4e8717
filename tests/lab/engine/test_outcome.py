"""The contrast the labs live on: nothing before, most of it after; and stock mlx-lm says the same."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from lab.datasets.find import find_data, read_rows
from lab.models.find import BUNDLED

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def evaluated(trained: Callable, desk):
    run, done = trained("--model", "sprout", "--data", "sql", "--iters", "400")
    return run, done, desk("evaluate", run.id, "--json")


def test_lora_teaches_sprout_sql_from_nothing(evaluated) -> None:
    _, done, scored = evaluated
    result = scored.lines[-1]
    assert done.lines[-1]["event"] == "finished"
    assert result["base_exact_match"] == 0
    assert result["exact_match"] >= 0.80
    assert result["examples"] == 200
    assert result["perplexity"] == pytest.approx(2.718281828 ** result["loss"])


def test_stock_mlx_lm_gives_the_same_answers(evaluated, desk) -> None:
    run, _, _ = evaluated
    for row in list(read_rows(find_data("sql").path / "test.jsonl"))[:3]:
        ours = desk("generate", run.id, "-p", row["prompt"]).out
        command = [sys.executable, "-m", "mlx_lm", "generate", "--model", str(BUNDLED / "sprout")]
        command += ["--adapter-path", str(run.adapters), "--prompt", row["prompt"], "--verbose", "False"]
        stock = subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=Path(run.path), check=True)
        assert ours.strip() and ours.strip() == stock.stdout.strip().splitlines()[-1]


def test_the_base_answers_in_plain_words_not_in_sql(evaluated, desk) -> None:
    run, _, _ = evaluated
    row = next(iter(read_rows(find_data("sql").path / "test.jsonl")))
    answer = desk("generate", run.id, "--base", "-p", row["prompt"], "--json").lines[-1]["text"]
    assert answer.strip() and "SELECT" not in answer
