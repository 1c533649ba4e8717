"""What lesson 2 says about data, counted and measured: `make lesson-figures`, or `python -m benchmarks.data_figures`.

Of each bundled data set: what masking leaves, mlx-lm's masks and ours, what its batches pad, and which test rows are
seen in training. Of one run on few rows: how it scores on them, and on new ones. Takes some minutes on two cores.
"""

import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from mlx_lm.tuner.datasets import CacheDataset, create_dataset
from mlx_lm.tuner.trainer import iterate_batches

from benchmarks import workspace
from lab.datasets.find import BUNDLED, find_data, read_rows
from lab.engine.data_lengths import tokenizer_of

BATCH, WINDOW = 8, 2048
FEW, ITERS = 50, 200


def counted(name: str, home: Path) -> dict[str, Any]:
    """What `lowrank data check` and mlx-lm's own code say of a data set's training rows."""
    train = workspace.lowrank(home, "data", "check", name, "--json")["splits"]["train"]
    rows = list(read_rows(BUNDLED / name / "train.jsonl"))
    masks = find_data(name).has_prompts
    stock = create_dataset(rows, tokenizer_of("sprout", home), SimpleNamespace(mask_prompt=masks))
    encoded = [stock.process(row) for row in rows]
    total = train["tokens"]["total"]
    return {
        "rows": len(rows),
        "turns": _mean(len(row.get("messages", row)) for row in rows),
        "tokens": total,
        "supervised_tokens": train["supervised_tokens"],
        "masked_share": round(100 * (1 - train["supervised_tokens"] / total), 2),
        "stock_supervised_tokens": sum(len(ids) - offset for ids, offset in encoded),
        "lengths_sorted_by": len({CacheDataset(stock).itemlen(number) for number in range(len(rows))}),
        "lengths": len({len(ids) for ids, _ in encoded}),
        "stock_padding": _padding(CacheDataset(stock)),
        "sorted_padding": _padding(encoded),
    }


def _mean(numbers: Iterable[int]) -> float:
    return round(float(np.mean(list(numbers))), 2)


def _padding(rows: Any) -> float:
    """Percent of one epoch's tokens that are padding in mlx-lm's batches; it sorts these rows by their length."""
    np.random.seed(0)
    total = real = 0
    for ids, spans in iterate_batches(rows, BATCH, WINDOW):
        total += ids.size
        real += int(spans[:, 1].sum())
    return round(100 * (1 - real / total), 2)


def seen(name: str) -> dict[str, float]:
    """How many test rows have a question, or an answer, that stands in the training rows too, and the
    share of questions in the training rows' letters."""
    train, test = (list(read_rows(BUNDLED / name / f"{split}.jsonl")) for split in ("train", "test"))
    found = {f"test_{key}s_seen": len([r for r in test if r[key] in {t[key] for t in train}]) for key in test[0]}
    letters = {key: sum(len(row[key]) for row in train) for key in train[0]}
    share = round(100 * letters["prompt"] / sum(letters.values()), 2)
    return {"test_rows": len(test), **found, "prompt_letters_share": share}


def leaked(home: Path) -> dict[str, Any]:
    """Exact match of a run on its own few training rows, which stand in for a test set that leaked, and on new rows."""
    source, folder = BUNDLED / "sql", home / f"sql-{FEW}"
    folder.mkdir()
    lines = (source / "train.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    for split in ("train", "valid"):
        (folder / f"{split}.jsonl").write_text("".join(lines[:FEW]), encoding="utf-8")
    shutil.copy(source / "test.jsonl", folder)
    flags = (
        "--data",
        str(folder),
        "--iters",
        str(ITERS),
        "--steps-per-eval",
        str(ITERS),
        "--samples",
        "0",
        "--seed",
        "0",
    )
    run = workspace.lowrank(home, "train", "--now", *flags, "--json")["run"]
    scores = {
        side: round(workspace.lowrank(home, "evaluate", run, "--split", split, "--json")["exact_match"], 4)
        for side, split in (("seen", "valid"), ("unseen", "test"))
    }
    return {"train_rows": FEW, "iterations": ITERS, **scores}


def main() -> None:
    """Write the file, whole or not at all."""
    with tempfile.TemporaryDirectory() as work:
        home = Path(work)
        runs = [{"flags": {"data": name}, **counted(name, home)} for name in ("sql", "record", "journal")]
        runs.append({"flags": {"leak": "sql"}, **seen("sql"), **leaked(home)})
    workspace.write_figure("benchmarks.data_figures", "data", runs)


if __name__ == "__main__":
    main()
