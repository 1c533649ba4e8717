"""What a training does beside learning: it compares validations, keeps the best, answers samples, and ends in time."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import mlx.core as mx
import mlx.optimizers as optim
import pytest
import yaml
from mlx_lm.tuner.utils import load_adapters
from mlx_lm.utils import load

from lab.datasets import find_data
from lab.engine import batches
from lab.engine.loop import Loop, masked_loss
from lab.engine.train import adapt
from lab.models import BUNDLED
from lab.spec import RunSpec
from lab.verdict import PATIENCE, WORRY

SMALL = ("--batch-size", "2", "--num-layers", "1", "--steps-per-report", "2", "--samples", "1")


@pytest.fixture
def rows() -> list[batches.Row]:
    tokenizer = load(str(BUNDLED / "sprout"))[1]
    return batches.tokenize(find_data("sql").path, "valid", tokenizer, True, 2048)[:3]


def loop(accumulate: int = 1, by_token: bool = True) -> Loop:
    model, _ = load(str(BUNDLED / "sprout"))
    adapt(model, RunSpec.make({"num_layers": 1}))
    return Loop(model, optim.SGD(0.1), masked_loss, accumulate=accumulate, by_token=by_token)


def test_every_token_counts_the_same_however_rows_are_spread_over_steps(rows: list[batches.Row]) -> None:
    whole, spread, stock = loop(), loop(accumulate=2), loop(accumulate=2, by_token=False)
    whole.step(1, *batches.pad(rows))
    for each in (spread, stock):
        each.step(1, *batches.pad(rows[:1]))
        each.step(2, *batches.pad(rows[1:]))

    def apart(other: Loop) -> float:
        mine, theirs = whole.trained(), other.trained()
        return max(mx.abs(mine[name] - theirs[name]).max().item() for name in mine)

    assert apart(spread) < 1e-6 < 1e-5 < apart(stock)


def test_padding_changes_neither_loss_nor_count(rows: list[batches.Row]) -> None:
    model, _ = load(str(BUNDLED / "sprout"))
    close, wide = (masked_loss(model, *batches.pad(rows, length, count)) for length, count in ((0, 0), (128, 4)))
    assert close[1].item() == wide[1].item() == sum(row.supervised for row in rows)
    assert close[0].item() == pytest.approx(wide[0].item(), rel=1e-5)


def test_validation_is_the_same_set_whatever_the_seed(trained: Callable) -> None:
    first, second = (
        next(e for e in trained(*SMALL, "--iters", "2", "--val-batches", "3", "--seed", seed)[1].lines
             if e["event"] == "validation")
        for seed in ("1", "2")
    )  # fmt: skip
    assert first["iteration"] == 0 and first["val_loss"] == second["val_loss"]


def test_the_best_adapter_is_kept_beside_the_last_and_patience_ends_the_run(trained: Callable) -> None:
    flags = ("--learning-rate", "1e-30", "--optimizer", "sgd", "--iters", "60", "--steps-per-eval", "2")
    run, done = trained(*SMALL, *flags, "--val-batches", "8", "--patience", "3", "--save-every", "100")
    last = done.lines[-1]
    losses = {e["iteration"]: e["val_loss"] for e in done.lines if e["event"] == "validation"}
    best = min((i for i in losses if i), key=lambda i: losses[i])
    assert (last["event"], last["verdict"]["kind"]) == ("finished", "patience")
    assert last["best_iteration"] == best == last["iterations"] - 6 and last["best_val_loss"] == losses[best]
    assert [e["best"] for e in done.lines if e["event"] == "validation"][-3:] == [False] * 3

    model, tokenizer = load(str(BUNDLED / "sprout"))
    load_adapters(model, str(run.adapters / "best"))  # mlx-lm's own loader takes the folder as it is
    valid = batches.tokenize(find_data("sql").path, "valid", tokenizer, True, 2048)
    held = [batches.pad(b, count=2) for b in batches.in_order(batches.fixed_share(valid, 16), 2)]
    total = sum(mean.item() * count.item() for mean, count in (masked_loss(model, *b) for b in held))
    assert total / sum(b[1].sum().item() for b in held) == pytest.approx(losses[best], rel=1e-4)


def test_a_loss_that_runs_away_ends_the_run_with_a_verdict_and_keeps_the_last_good_adapter(
    desk, tmp_path: Path
) -> None:
    growing = {"name": "exponential_decay", "arguments": [1e-3, 1.2]}  # learns for a while, then is torn to pieces
    (tmp_path / "spec.yaml").write_text(yaml.safe_dump({"lr_schedule": growing, "batch_size": 2, "num_layers": -1}))
    flags = ("--iters", "300", "--save-every", "2", "--steps-per-eval", "10", "--val-batches", "2", "--samples", "0")
    done = desk("train", "--json", "-c", str(tmp_path / "spec.yaml"), *flags, "--steps-per-report", "2")
    last, run = done.lines[-1], desk.runs.get("last")
    assert done.code == 1 and last["event"] == "failed" and last["verdict"]["kind"] == "diverged"
    assert "lower --learning-rate (it is 0.002) or --scale (it is 20)" in last["error"]["remedy"]
    saved = [e["iteration"] for e in done.lines if e["event"] == "saved"]
    losses = {e["iteration"]: e["train_loss"] for e in done.lines if e["event"] == "train"}
    assert saved[-1] <= max(losses) - (PATIENCE - WORRY), "no checkpoint while the loss was away"
    kept = mx.load(str(run.adapters / "adapters.safetensors"))
    assert all(mx.isfinite(array).all().item() for array in kept.values())


def test_samples_are_answered_before_at_every_checkpoint_and_at_the_end(trained: Callable) -> None:
    flags = ("--iters", "5", "--save-every", "2", "--sample-prompt", "How many birds are there?")
    _, done = trained(*SMALL, *flags)
    samples = [e for e in done.lines if e["event"] == "samples"]
    assert [e["iteration"] for e in samples] == [0, 2, 4, 5]
    assert all(len(e["answers"]) == 2 for e in samples)
    mine, drawn = samples[0]["answers"]
    assert mine["prompt"] == "How many birds are there?" and mine["expected"] is None and mine["text"]
    assert drawn["expected"].startswith("SELECT")
    assert all(a["prompt"] == b["prompt"] for x, y in pairwise(samples) for a, b in zip(x["answers"], y["answers"], strict=True))  # fmt: skip # noqa: E501


def test_only_the_layers_named_are_adapted_and_a_name_that_fits_none_is_refused(trained: Callable, desk) -> None:
    short = ("--iters", "2", "--val-batches", "1", "--keys")
    run, _ = trained(*SMALL, *short, "self_attn.q_proj,mlp.down_proj")
    names = mx.load(str(run.adapters / "adapters.safetensors"))
    assert {name.split(".", 3)[-1] for name in names} == {
        f"{layer}.{part}" for layer in ("self_attn.q_proj", "mlp.down_proj") for part in ("lora_a", "lora_b")
    }
    done = desk("train", *SMALL, *short, "q_proj")
    assert done.code == 1 and "no layer is called q_proj; a block of this model has mlp.down_proj" in done.err


def test_the_stage_is_told_without_validation_rows_and_questions(trained: Callable, tmp_path: Path) -> None:
    """Without either, nothing but the stage says that loading is over."""
    folder = tmp_path / "rows"
    folder.mkdir()
    rows = (find_data("sql").path / "train.jsonl").read_text().splitlines()[:4]
    (folder / "train.jsonl").write_text("\n".join(rows))
    alone = trained(*SMALL, "--iters", "2", "--data", str(folder))[1].lines
    told = [event.get("stage") or event["event"] for event in alone if event["event"] in ("stage", "train")]
    assert told == ["loading", "training", "train"]
    asked = trained(*SMALL, "--iters", "2", "--data", str(folder), "--sample-prompt", "How many?")[1].lines
    told = [event.get("stage") or event["event"] for event in asked if event["event"] in ("stage", "samples", "train")]
    assert told == ["loading", "evaluating", "samples", "training", "train", "evaluating", "samples"]
