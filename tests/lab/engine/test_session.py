"""What a training does beside learning: it compares validations, keeps the best, answers samples, and ends in time."""

import json
import math
import shutil
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import mlx.core as mx
import mlx.optimizers as optim
import pytest
import yaml
from mlx_lm.tuner.utils import load_adapters
from mlx_lm.utils import load

from lab.datasets.find import find_data
from lab.divergence import PATIENCE, WORRY
from lab.engine import batches
from lab.engine.loop import Loop, masked_loss
from lab.engine.train import adapt
from lab.models.find import BUNDLED
from lab.spec import RunSpec

SMALL = ("--batch-size", "2", "--num-layers", "1", "--steps-per-report", "2", "--samples", "1")


@pytest.fixture
def rows() -> list[batches.Row]:
    tokenizer = load(str(BUNDLED / "sprout"))[1]
    return batches.tokenize(find_data("sql").path, "valid", tokenizer, True, 2048)[:3]


def loop(accumulate: int = 1, **options: Any) -> Loop:
    model, _ = load(str(BUNDLED / "sprout"))
    adapt(model, RunSpec.make({"num_layers": 1}))
    return Loop(model, optim.SGD(0.1), masked_loss, accumulate=accumulate, **options)


def apart(one: Loop, other: Loop) -> float:
    mine, theirs = one.trained(), other.trained()
    return max(mx.abs(mine[name] - theirs[name]).max().item() for name in mine)


def test_every_token_counts_the_same_however_rows_are_spread_over_steps(rows: list[batches.Row]) -> None:
    whole, spread, stock = loop(), loop(accumulate=2), loop(accumulate=2, by_token=False)
    whole.step(1, *batches.pad(rows))
    for each in (spread, stock):
        each.step(1, *batches.pad(rows[:1]))
        each.step(2, *batches.pad(rows[1:]))

    assert apart(whole, spread) < 1e-6 < 1e-5 < apart(whole, stock)


def test_the_last_incomplete_accumulation_is_applied_with_its_own_weight(rows: list[batches.Row]) -> None:
    """Of ten steps to an update there come two: they make one update, as if their rows had come together."""
    whole, short, stock = loop(), loop(accumulate=10, last=2), loop(accumulate=10)
    before = {name: mx.array(array) for name, array in stock.trained().items()}
    whole.step(1, *batches.pad(rows))
    for each in (short, stock):
        each.step(1, *batches.pad(rows[:1]))
        each.step(2, *batches.pad(rows[1:]))
    assert apart(whole, short) < 1e-6 and short.held is None
    assert all((stock.trained()[name] == array).all().item() for name, array in before.items()), "mlx-lm drops them"


@pytest.mark.parametrize(
    ("compiled", "accumulate"),
    [(True, 2), *(pytest.param(*each, marks=pytest.mark.long) for each in ((True, 1), (False, 1), (False, 2)))],
)
def test_a_gradient_longer_than_allowed_is_scaled_down_to_it(
    accumulate: int, compiled: bool, rows: list[batches.Row]
) -> None:
    """Of SGD the way that the weights went is the rate times the gradient's length."""

    def way(limit: float | None) -> float:
        one = loop(accumulate, max_norm=limit, compiled=compiled)
        before = {name: mx.array(array) for name, array in one.trained().items()}
        for iteration in range(1, accumulate + 1):
            one.step(iteration, *batches.pad(rows))
        return math.sqrt(sum(((array - before[name]) ** 2).sum().item() for name, array in one.trained().items())) / 0.1

    free = way(None)
    assert way(free / 4) == pytest.approx(free / 4, rel=1e-3)
    assert way(free * 4) == pytest.approx(free, rel=1e-3)


def test_padding_changes_neither_loss_nor_count(rows: list[batches.Row]) -> None:
    model, _ = load(str(BUNDLED / "sprout"))
    close, wide = (masked_loss(model, *batches.pad(rows, length, count)) for length, count in ((0, 0), (128, 4)))
    assert close[1].item() == wide[1].item() == sum(row.supervised for row in rows)
    assert close[0].item() == pytest.approx(wide[0].item(), rel=1e-5)


@pytest.mark.long
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


@pytest.mark.long
def test_a_loss_that_runs_away_ends_the_run_with_a_verdict_and_keeps_the_last_good_adapter(
    desk, tmp_path: Path
) -> None:
    growing = {"name": "exponential_decay", "arguments": [1e-3, 1.2]}  # learns for a while, then is torn to pieces
    (tmp_path / "spec.yaml").write_text(yaml.safe_dump({"lr_schedule": growing, "batch_size": 2, "num_layers": -1}))
    flags = ("--iters", "300", "--save-every", "2", "--steps-per-eval", "10", "--val-batches", "2", "--samples", "0")
    done = desk("train", "--json", "-c", str(tmp_path / "spec.yaml"), *flags, "--steps-per-report", "2")
    last, run = done.lines[-1], desk.runs.get("last")
    assert done.code == 1 and last["event"] == "failed" and last["verdict"]["kind"] == "diverged"
    remedy = "lower the rates of lr_schedule (the highest is 0.001) or --scale (it is 20)"
    assert last["error"]["remedy"] == remedy
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


def test_after_training_the_last_adapter_is_measured_on_the_test_split(trained: Callable, desk) -> None:
    run, done = trained(*SMALL, "--iters", "3", "--val-batches", "2", "--train", "--test", "--test-batches", "4")
    told, last = next(e for e in done.lines if e["event"] == "test"), done.lines[-1]
    assert (told["iteration"], told["rows"]) == (3, 8)
    assert (last["test_loss"], last["test_perplexity"]) == (told["test_loss"], told["perplexity"])
    model, tokenizer = load(str(BUNDLED / "sprout"))
    load_adapters(model, str(run.adapters))
    rows = batches.fixed_share(batches.tokenize(find_data("sql").path, "test", tokenizer, True, 2048), 8)
    total = sum(mean.item() * count.item() for mean, count in (masked_loss(model, *batches.pad([r])) for r in rows))
    assert told["test_loss"] == pytest.approx(total / sum(row.supervised for row in rows), rel=1e-4)
    assert told["perplexity"] == pytest.approx(math.exp(told["test_loss"]))


def test_a_test_without_a_test_split_is_refused_before_any_work(desk, tmp_path: Path) -> None:
    for split in ("train", "valid"):
        shutil.copy(find_data("sql").path / f"{split}.jsonl", tmp_path)
    before = len(desk.runs.all())
    done = desk("train", "--data", str(tmp_path), "--train", "--test")
    assert done.code == 2 and "--test" in done.err and "holds no test.jsonl" in done.err
    assert len(desk.runs.all()) == before


@pytest.mark.long
def test_what_ends_worse_than_it_began_is_called_so(trained: Callable) -> None:
    """Too short for the watch on the loss to be sure, and yet plain at its end."""
    flags = ("--learning-rate", "1", "--iters", "6", "--val-batches", "2", "--samples", "0")
    _, done = trained("--batch-size", "2", "--num-layers", "2", *flags)
    looks = [e for e in done.lines if e["event"] == "validation"]
    assert [e["worse"] for e in looks] == [False, True]
    last = done.lines[-1]
    assert (last["event"], last["verdict"]["kind"]) == ("finished", "worse")
    assert f"{looks[1]['val_loss']:.2f}, and {looks[0]['val_loss']:.2f} before; lower" in last["verdict"]["what"]


def test_what_learned_nothing_is_called_so(desk, tmp_path: Path) -> None:
    nothing = {"name": "linear_schedule", "arguments": [0.0, 0.0, 10]}
    (tmp_path / "spec.yaml").write_text(yaml.safe_dump({"lr_schedule": nothing, "batch_size": 2, "num_layers": 1}))
    flags = ("--iters", "2", "--val-batches", "1", "--samples", "0")
    last = desk("train", "--json", "-c", str(tmp_path / "spec.yaml"), *flags).lines[-1]
    assert last["verdict"]["kind"] == "untrained" and "every lora_b is still zero" in last["verdict"]["what"]


def test_an_update_that_never_comes_is_refused_where_mlx_lm_would_drop_it(desk) -> None:
    done = desk("train", *SMALL, "--stock", "--iters", "4", "--grad-accumulation-steps", "10")
    assert done.code == 2 and "never comes in 4 iterations" in done.err and "give 4 or less" in done.err


@pytest.mark.parametrize("with_rows", [True, pytest.param(False, marks=pytest.mark.long)])
def test_a_base_that_gives_no_number_is_not_blamed_on_the_learning_rate(with_rows: bool, desk, tmp_path: Path) -> None:
    base = tmp_path / "broken"
    shutil.copytree(BUNDLED / "sprout", base)
    weights = mx.load(str(base / "model.safetensors"))
    name = "model.layers.2.mlp.up_proj.weight"
    weights[name] = weights[name] * float("nan")
    mx.save_safetensors(str(base / "model.safetensors"), weights, {"format": "mlx"})
    data = tmp_path / "data"
    data.mkdir()
    for split in ("train", "valid")[: 1 + with_rows]:
        shutil.copy(find_data("sql").path / f"{split}.jsonl", data)
    done = desk("train", "--json", "--model", str(base), "--data", str(data), *SMALL, "--iters", "4")
    last = done.lines[-1]
    assert (last["event"], last["verdict"]["kind"]) == ("failed", "nan")
    assert f"before anything was trained: {name} holds NaN" in last["error"]["what"]
    assert "lower" not in last["error"]["remedy"] and last["error"]["where"] == str(base)


def test_a_model_without_a_chat_template_is_not_told_to_raise_the_length(desk, tmp_path: Path) -> None:
    base = tmp_path / "plain"
    shutil.copytree(BUNDLED / "sprout", base)
    for path in (base / "chat_template.jinja", base / "chat_template.json"):
        path.unlink(missing_ok=True)
    config = json.loads((base / "tokenizer_config.json").read_text())
    config.pop("chat_template", None)
    (base / "tokenizer_config.json").write_text(json.dumps(config))
    done = desk("train", "--model", str(base), *SMALL, "--iters", "2")
    assert done.code == 1 and "has no chat template" in done.err and "--max-seq-length" not in done.err
