"""A run that begins from an adapter: from one that suits, and refused before any work with one that does not."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import mlx.core as mx
import pytest
from event_of import kind_of
from waiting import wait_for

from lab.errors import LabError
from lab.events.schema import iteration_of
from lab.spec import RunSpec
from lab.warm_start import check

SMALL = ("--batch-size", "2", "--num-layers", "2", "--samples", "0", "--val-batches", "2", "--steps-per-report", "1")
BLOCKS = 6


@pytest.fixture(scope="module")
def first(trained: Callable) -> Path:
    run, _ = trained(*SMALL, "--iters", "6", "--rank", "4")
    return run.adapters / "adapters.safetensors"


def test_training_goes_on_from_where_the_file_left_off(first: Path, trained: Callable) -> None:
    before = trained(*SMALL, "--iters", "6", "--rank", "4")[1].lines[-1]
    run, done = trained(*SMALL, "--iters", "2", "--rank", "4", "--resume-adapter-file", str(first))
    looks = [e["val_loss"] for e in done.lines if e["event"] == "validation"]
    assert looks[0] == pytest.approx(before["val_loss"], rel=1e-5)
    assert done.lines[-1]["verdict"]["kind"] in ("", "worse")
    old, new = mx.load(str(first)), mx.load(str(run.adapters / "adapters.safetensors"))
    assert old.keys() == new.keys() and not (old[min(old)] == new[min(new)]).all().item()
    assert run.spec.resume_adapter_file == str(first)


@pytest.mark.long
def test_full_fine_tuning_begins_from_whole_weights(trained: Callable) -> None:
    flags = ("--fine-tune-type", "full", "--learning-rate", "1e-4", "--iters", "2")
    run, done = trained(*SMALL, *flags)
    file = run.adapters / "adapters.safetensors"
    _, again = trained(*SMALL, *flags, "--resume-adapter-file", str(file))
    ends = done.lines[-1]["val_loss"]
    begins = next(e["val_loss"] for e in again.lines if e["event"] == "validation")
    assert begins == pytest.approx(ends, rel=1e-5)


def spec(file: Path, **fields: object) -> RunSpec:
    lora = {"rank": 4, **{name: fields.pop(name) for name in ("rank", "scale", "keys") if name in fields}}
    return RunSpec.make({"resume_adapter_file": str(file), "num_layers": 2, "lora_parameters": lora, **fields})


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"rank": 8}, "has rank 4, and this run 8; give --rank 4"),
        ({"fine_tune_type": "dora"}, "is of lora, and this run trains dora; give --fine-tune-type lora"),
        ({"fine_tune_type": "full"}, "is of lora, and this run trains full"),
        ({"num_layers": -1}, "is of 2 blocks, and this run trains 6 of 6; give --num-layers 2"),
        ({"num_layers": 1}, "give --num-layers 2"),
        ({"scale": 10.0}, "was trained with scale 20, and this run has 10; give --scale 20"),
        ({"keys": ["self_attn.q_proj"]}, "give --keys mlp.down_proj,mlp.gate_proj"),
    ],
)
def test_a_file_of_another_layout_is_refused_with_what_to_give(
    fields: dict[str, object], said: str, first: Path
) -> None:
    check(spec(first), BLOCKS)
    with pytest.raises(LabError) as caught:
        check(spec(first, **fields), BLOCKS)
    assert said in str(caught.value) and caught.value.usage and caught.value.where == "--resume-adapter-file"


def test_what_is_no_adapter_is_refused_by_what_it_is(first: Path, tmp_path: Path, desk) -> None:
    for file, said in (("none.safetensors", "there is no file"), ("text.safetensors", "not a readable safetensors")):
        if file.startswith("text"):
            (tmp_path / file).write_text("text")
        with pytest.raises(LabError, match=said):
            check(spec(tmp_path / file), BLOCKS)
    peft = tmp_path / "adapter_model.safetensors"
    mx.save_safetensors(str(peft), {"base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight": mx.zeros((4, 8))})
    with pytest.raises(LabError, match="an adapter of PEFT"):
        check(spec(peft), BLOCKS)
    before = len(desk.runs.all())
    done = desk("train", *SMALL, "--rank", "8", "--resume-adapter-file", str(first))
    assert done.code == 2 and "give --rank 4" in done.err and len(desk.runs.all()) == before


def test_the_engine_compares_every_tensor(first: Path, tmp_path: Path, desk) -> None:
    """Names fit, and one shape does not: only the loaded model can tell."""
    weights = mx.load(str(first))
    name = min(weights)
    weights[name] = weights[name][:-1]
    odd = tmp_path / "odd.safetensors"
    mx.save_safetensors(str(odd), weights)
    done = desk("train", "--json", *SMALL, "--iters", "2", "--rank", "4", "--resume-adapter-file", str(odd))
    assert done.code == 1 and f"{name} and 0 more differ" in done.lines[-1]["error"]["what"]


@pytest.mark.long
def test_a_resume_needs_the_file_no_more(first: Path, tmp_path: Path, desk) -> None:
    """The checkpoint holds all that was learned; the file may have gone since."""
    own = tmp_path / "own.safetensors"
    shutil.copy(first, own)
    flags = ("--iters", "4000", "--rank", "4", "--save-every", "1", "--resume-adapter-file", str(own))
    begun = desk("train", "--detach", "--json", *SMALL, *flags)
    run = desk.runs.get(json.loads(begun.out)["run"])

    wait_for(lambda: iteration_of(run.last_event()) >= 2)
    assert desk("stop", run.id).code == 0
    own.unlink()
    begun = desk("resume", run.id, "--detach", "--json")
    assert begun.code == 0, begun.err
    wait_for(lambda: kind_of(run.last_event()) == "saved")
    assert desk("stop", run.id).code == 0 and run.state() == "stopped"
