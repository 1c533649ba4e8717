"""ΔW as inspected is the ΔW that the adapter makes, whatever the method."""

from collections.abc import Callable
from pathlib import Path

import mlx.core as mx
import numpy as np
import pytest
import short
from mlx.utils import tree_flatten
from mlx_lm.utils import load
from short import SHORT

from lab.engine import fuse, inspection
from lab.models.find import BUNDLED
from lab.runs.directory import Run

METHODS = {name: short.METHODS[name] for name in ("LoRA", "DoRA", "full")}


def look(run: Run, cache: Path, checkpoint: str = "last") -> dict:
    seen: list[tuple[str, int, int]] = []
    result = inspection.inspect(run, cache, checkpoint, lambda *at: seen.append(at))
    assert seen[-1] == ("layers", 42, 42)
    return result


@pytest.mark.parametrize(
    "method", [pytest.param(name, marks=() if name in ("LoRA", "QDoRA") else pytest.mark.long) for name in METHODS]
)
def test_the_singular_values_are_those_of_what_fusing_adds(method: str, trained: Callable, tmp_path: Path) -> None:
    run, _ = trained(*METHODS[method], *SHORT)
    result = look(run, tmp_path)
    before = dict(tree_flatten(load(str(BUNDLED / "sprout"))[0].parameters()))
    after = dict(tree_flatten(fuse.build(run, tmp_path, "last", "fused").model.parameters()))
    assert result["method"] == method and len(result["layers"]) == 42
    assert result["layers"][0]["layer"].startswith("model.layers.0.")
    for row in (result["layers"][0], result["layers"][-1]):
        weight = np.array(before[row["layer"] + ".weight"]).astype(np.float64)
        change = np.array(after[row["layer"] + ".weight"]).astype(np.float64) - weight
        values = np.linalg.svd(change, compute_uv=False)
        found = row["singular_values"]
        assert row["shape"] == list(weight.shape) and len(found) == row["largest_possible_rank"]
        assert np.allclose(found, values[: len(found)], rtol=1e-3, atol=1e-5)
        assert row["norm"] == pytest.approx(np.linalg.norm(change), rel=1e-4)
        assert row["relative_norm"] == pytest.approx(np.linalg.norm(change) / np.linalg.norm(weight), rel=1e-4)
        assert 1 <= row["rank_90"] <= row["rank_99"] <= len(found) and 1 <= row["effective_rank"] <= len(found)


def test_only_lora_is_bound_to_its_rank(trained: Callable, tmp_path: Path) -> None:
    most = {name: look(trained(*flags, *SHORT)[0], tmp_path)["summary"] for name, flags in METHODS.items()}
    assert {name: s["largest_possible_rank"] for name, s in most.items()} == {"LoRA": 8, "DoRA": 192, "full": 192}
    assert most["LoRA"]["energy_in_rank"] == 1 and most["LoRA"]["random_effective_rank"] is None
    for name in ("DoRA", "full"):
        assert 0 < most[name]["effective_rank"] < most[name]["random_effective_rank"] < 192, "less spread than noise"


def test_values_through_the_thin_factors_are_those_of_the_dense_product() -> None:
    rng = np.random.default_rng(0)
    for inputs, rank, outputs in ((30, 4, 20), (3, 8, 5), (6, 1, 6)):
        a, b = rng.standard_normal((inputs, rank)), rng.standard_normal((rank, outputs))
        thin, dense = inspection.low_rank_values(a, b), np.linalg.svd(a @ b, compute_uv=False)
        count = min(len(thin), len(dense))
        assert np.allclose(thin[:count], dense[:count]) and not np.any(np.abs(thin[count:]) > 1e-9)


def test_an_earlier_checkpoint_has_changed_less_and_the_table_fits_80_cells(trained: Callable, desk) -> None:
    run, _ = trained(*METHODS["LoRA"], *SHORT)
    early, late = (look(run, desk.home / "cache", name)["summary"]["norm"] for name in ("6", "last"))
    assert 0 < early < late
    table = desk("inspect", run.id).out.splitlines()
    assert len(table) > 42 and max(map(len, table)) <= 80
    assert any(line.startswith("5 down_proj") for line in table)


def test_an_adapter_that_was_never_moved_has_no_change(trained: Callable, tmp_path: Path) -> None:
    run, _ = trained(*METHODS["LoRA"], *SHORT)
    zero = {name: mx.zeros_like(value) for name, value in mx.load(str(run.adapters / "adapters.safetensors")).items()}
    (tmp_path / "adapters").mkdir()
    for name in ("spec.yaml", "adapters/adapter_config.json"):
        (tmp_path / name).write_bytes((run.path / name).read_bytes())
    mx.save_safetensors(str(tmp_path / "adapters" / "adapters.safetensors"), zero)
    row = look(Run(tmp_path), tmp_path)["layers"][0]
    assert (row["norm"], row["effective_rank"], row["rank_90"]) == (0, 0, 0)
