"""Fused folders are what was measured: they load in stock mlx-lm, which fuses to the same numbers."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import mlx.core as mx
import numpy as np
import pytest
import yaml
from mlx.utils import tree_flatten, tree_unflatten
from mlx_lm.utils import dequantize_model, load, load_config, save
from short import SHORT

from lab.engine import fuse
from lab.engine.fidelity import HeldOut, Reference, kl
from lab.models.find import BUNDLED
from lab.runs import inspection_cache
from lab.runs.directory import Run

LORA, FULL = ("--model", "sprout"), ("--model", "sprout", "--fine-tune-type", "full", "--learning-rate", "1e-3")
QLORA = ("--model", "sprout-4bit")


def weights(folder: Path) -> dict[str, mx.array]:
    loaded = mx.load(str(folder / "model.safetensors"))
    assert isinstance(loaded, dict)
    return loaded


def stock(run: Run, *, dequantize: bool) -> dict[str, mx.array]:
    """What `mlx_lm fuse` makes of the run, by its own lines."""
    base = json.loads((run.adapters / "adapter_config.json").read_text())["model"]
    model = load(base, adapter_path=str(run.adapters))[0]
    fused = [(n, m.fuse(dequantize=dequantize)) for n, m in model.named_modules() if hasattr(m, "fuse")]
    model.update_modules(tree_unflatten(fused))
    return dict(tree_flatten((dequantize_model(model) if dequantize else model).parameters()))


def same(ours: dict[str, mx.array], theirs: dict[str, mx.array]) -> bool:
    return ours.keys() == theirs.keys() and all(mx.array_equal(ours[name], theirs[name]).item() for name in ours)


@pytest.fixture(scope="module")
def qlora(trained: Callable, desk, tmp_path_factory) -> tuple[Run, dict, Path]:
    run, _ = trained(*QLORA, *SHORT)
    folder = tmp_path_factory.mktemp("fused") / "model"
    done = desk("fuse", run.id, "--save-path", str(folder), "--way", "quantized", "--rows", "8", "--json")
    assert done.code == 0, done.err
    return run, done.lines[-1], folder


def test_the_table_has_every_way_and_the_advice_follows_from_it(qlora) -> None:
    _, result, folder = qlora
    ways = {way["way"]: way for way in result["ways"]}
    assert list(ways) == ["quantized", "dequantized", "separate"]
    assert result["path"] == str(folder) and result["kl"] == ways["quantized"]["kl"]
    assert result["bytes"] == sum(p.stat().st_size for p in folder.rglob("*"))
    assert ways["quantized"]["bytes"] < ways["separate"]["bytes"] < ways["dequantized"]["bytes"]
    assert ways["separate"]["kl"] == 0 and ways["separate"]["top1_agreement"] == 1
    assert 0 <= ways["dequantized"]["kl"] < 1e-6 < ways["quantized"]["kl"] < result["adapter_effect"]
    assert ways[result["recommended"]]["faults"] == [] and result["verdict"].startswith(result["recommended"])
    assert {result[key] for key in ("split", "rows", "questions")} == {"test", 8}
    assert 0 <= result["exact_match_adapter"] <= 1 and 0 <= result["exact_match_fused"] <= 1


def test_measuring_keeps_its_table_and_saves_nothing_else(qlora, desk) -> None:
    run, result, _ = qlora
    kept = inspection_cache.read(run, "fuse")
    assert kept is not None and kept["ways"] == result["ways"] and kept["question"].startswith("Table ")
    seen: list[tuple[str, int, int]] = []
    table = fuse.measure(run, desk.home / "cache", "6", 2, lambda *at: seen.append(at))
    assert table["rows"] == 2 and not (run.path / "fused").exists()
    stages = list(dict.fromkeys(stage for stage, _, _ in seen))
    assert stages == ["adapter", "quantized", "dequantized", "separate"]
    for stage in stages:
        shares = [(done, total) for each, done, total in seen if each == stage]
        assert shares[0] == (0, 0) and shares[-1] == (4, 4) and shares[1:] == sorted(shares[1:])


def test_the_folder_loads_in_stock_mlx_lm_quantized_as_before(qlora) -> None:
    _, _, folder = qlora
    model, tokenizer = load(str(folder))[:2]
    assert model.layers[0].self_attn.q_proj.bits == 4 and tokenizer.chat_template
    assert same(weights(folder), dict(tree_flatten(model.parameters())))


@pytest.mark.parametrize("way", ["quantized", "dequantized"])
def test_on_one_blas_it_is_bit_for_bit_what_mlx_lm_fuses(way: str, qlora, desk) -> None:
    run, _, _ = qlora
    ours = fuse.build(run, desk.home / "cache", "last", way).model
    assert same(dict(tree_flatten(ours.parameters())), stock(run, dequantize=way == "dequantized"))


def test_a_folder_is_kept_unless_told_otherwise_and_never_one_that_is_no_model(qlora, desk, tmp_path: Path) -> None:
    run, _, folder = qlora
    before = (folder / "model.safetensors").stat().st_mtime_ns
    refused = desk("fuse", run.id, "--save-path", str(folder))
    assert refused.code == 1 and "--force" in refused.err and refused.err.count("\n") == 1
    assert (folder / "model.safetensors").stat().st_mtime_ns == before
    (tmp_path / "letters").write_text("dear")
    refused = desk("fuse", run.id, "--save-path", str(tmp_path), "--force")
    assert refused.code == 1 and "not written by lowrank" in refused.err and (tmp_path / "letters").exists()
    source = Path(shutil.copytree(BUNDLED / "sprout", tmp_path / "source"))
    refused = desk("fuse", run.id, "--save-path", str(source), "--force")
    assert refused.code == 1 and "not written by lowrank" in refused.err and (source / "model.safetensors").exists()
    refused = desk("fuse", run.id, "--save-path", str(BUNDLED / "sprout"), "--force")
    assert refused.code == 1 and "must stay" in refused.err and (BUNDLED / "sprout" / "config.json").exists()


@pytest.mark.long
def test_gguf_takes_the_dequantized_way_and_what_its_tokenizer_cannot_do_is_said(qlora, desk, tmp_path: Path) -> None:
    run, _, _ = qlora
    fuse.save_folder(run, desk.home / "cache", "last", "separate", tmp_path / "out", gguf=False, force=False)
    words = ("fuse", run.id, "--save-path", str(tmp_path / "out"), "--force", "--export-gguf", "--rows", "1", "--json")
    done = desk(*words)
    result = done.lines[-1]
    assert result["way"] == "dequantized" and "byte-level BPE" in result["warnings"][0] in done.err
    assert [p.name for p in tmp_path.iterdir()] == ["out"], "nothing is left of the work"
    assert "quantization" not in load_config(tmp_path / "out")
    written, saved = mx.load(result["gguf"]), weights(tmp_path / "out")
    assert isinstance(written, dict) and written["blk.0.ffn_up.weight"].dtype == mx.float16
    assert mx.array_equal(written["blk.0.ffn_up.weight"], saved["model.layers.0.mlp.up_proj.weight"].astype(mx.float16))
    other = desk("fuse", run.id, "--save-path", str(tmp_path / "x"), "--export-gguf", "--way", "separate")
    assert other.code == 2 and "--way dequantized" in other.err


def test_kept_separate_base_and_adapter_are_in_one_folder_and_nothing_is_lost(
    trained: Callable, tmp_path: Path
) -> None:
    run, _ = trained(*LORA, *SHORT)
    fuse.save_folder(run, tmp_path / "cache", "6", "separate", tmp_path / "kept", gguf=False, force=False)
    assert same(weights(tmp_path / "kept"), weights(BUNDLED / "sprout"))
    adapter = (tmp_path / "kept" / "adapters" / "adapters.safetensors").read_bytes()
    assert adapter == (run.adapters / "0000006_adapters.safetensors").read_bytes()
    load(str(tmp_path / "kept"), adapter_path=str(tmp_path / "kept" / "adapters"))


@pytest.mark.parametrize("method", ["lora", *(pytest.param(name, marks=pytest.mark.long) for name in ("dora", "full"))])
def test_a_base_in_bfloat16_stays_in_bfloat16(method: str, trained: Callable, tmp_path: Path) -> None:
    flags = {"lora": LORA, "dora": (*LORA, "--fine-tune-type", "dora"), "full": FULL}[method]
    run, _ = trained(*flags, *SHORT)
    base, tokenizer, config = load(str(BUNDLED / "sprout"), return_config=True)
    base.set_dtype(mx.bfloat16)
    save(tmp_path / "base", BUNDLED / "sprout", base, tokenizer, config)
    other = Run(Path(shutil.copytree(run.path, tmp_path / "run")))
    spec = yaml.safe_load((other.path / "spec.yaml").read_text())
    spec["lowrank"]["model"] = str(tmp_path / "base")
    (other.path / "spec.yaml").write_text(yaml.safe_dump(spec))
    fused = dict(tree_flatten(fuse.build(other, tmp_path, "last", "fused").model.parameters()))
    assert {p.dtype for p in fused.values()} == {mx.bfloat16}
    exact = dict(tree_flatten(fuse.build(run, tmp_path, "last", "fused").model.parameters()))
    assert fused.keys() == exact.keys()
    assert all(mx.allclose(fused[name].astype(mx.float32), exact[name], rtol=0.03, atol=0.02).item() for name in exact)


def test_a_full_fine_tune_replaces_the_weights_of_the_base(trained: Callable, tmp_path: Path) -> None:
    run, _ = trained(*FULL, *SHORT)
    built = fuse.build(run, tmp_path, "last", "fused")
    assert built.ways == ("fused", "separate")
    stored = mx.load(str(run.adapters / "adapters.safetensors"))
    assert isinstance(stored, dict)
    expected = weights(BUNDLED / "sprout") | stored
    assert same(dict(tree_flatten(built.model.parameters())), expected)


def test_a_faint_adapter_drowns_in_requantization_and_in_no_other_way(qlora, desk, tmp_path: Path) -> None:
    run, _, _ = qlora
    faint = Run(Path(shutil.copytree(run.path, tmp_path / "run")))
    file = str(faint.adapters / "adapters.safetensors")
    adapter = {name: value * (0.01 if name.endswith("lora_b") else 1) for name, value in mx.load(file).items()}
    mx.eval(adapter)
    mx.save_safetensors(file, adapter)
    base, reference, *others = (
        fuse.build(faint, desk.home / "cache", "last", way)
        for way in ("base", "separate", "quantized", "dequantized", "separate")
    )
    rows = HeldOut.of(faint, base.tokenizer, 4)
    seen = Reference(reference.model, base.tokenizer, HeldOut(rows.split, rows.rows, []), lambda *_: None)
    assert seen.exact_match is None
    effect, _ = seen.compare(base.model)
    quantized, dequantized, separate = (seen.compare(other.model)[0] for other in others)
    assert quantized > effect / 2 > 0 == separate
    assert dequantized < effect / 1000


def test_divergence_is_the_textbooks_and_keeps_its_digits_where_models_are_nearly_equal() -> None:
    rng = np.random.default_rng(0)
    for distance in (3.0, 1e-2, 1e-3):
        logits = rng.standard_normal((5, 64)) * 3
        p, q = (x - np.log(np.exp(x).sum(-1, keepdims=True)) for x in (logits, logits + distance * rng.random((5, 64))))
        exact = (np.exp(p) * (p - q)).sum(-1)
        assert np.allclose(np.array(kl(mx.array(p), mx.array(q))), exact, rtol=0.02)
    same = mx.array(p)
    assert mx.abs(kl(same, same)).max().item() == 0
