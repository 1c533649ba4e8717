"""Warnings with remedies, and the first change that fits."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lab.errors import LabError
from lab.planning.base_model import Base, find_base
from lab.planning.machine import Machine, parse_memory
from lab.planning.plan import Inputs, Plan, as_json, make
from lab.planning.row_lengths import Rows, uniform
from lab.spec import RunSpec

BATCH = uniform(512, 4)
ROWS = Rows(1000, 100, BATCH, BATCH, BATCH, BATCH, True, longest=513)
BIG = Machine("metal", "M", 1 << 40, 1 << 40)


def plan(machine: Machine = BIG, rows: Rows = ROWS, base: str = "llama-3.2-1b", **fields: Any) -> Plan:
    spec = RunSpec.make({"model": base, "learning_rate": 1e-4, "batch_size": 4, **fields})
    return make(Inputs(spec, find_base(base, Path("/nowhere"), spec.bits), rows, machine))


def kinds(found: Plan) -> list[str]:
    return [warning.kind for warning in found.warnings]


def test_an_ordinary_plan_has_nothing_to_warn_of() -> None:
    found = plan()
    assert found.fits and kinds(found) == [] and found.trainable == 5_636_096
    assert as_json(found)["warnings"] == [] and as_json(found)["estimated_seconds"] is None


def test_the_first_change_that_fits_is_named_in_the_order_of_its_cost() -> None:
    needs = {
        limit: plan(Machine("metal", "M", limit, limit)) for limit in range(1_000_000_000, plan().peak, 50_000_000)
    }
    fixes = [found.fix for found in needs.values()]
    assert fixes[-1] == "--max-seq-length 256" and fixes[0] == ""
    order = list(dict.fromkeys(fixes))
    assert "--batch-size 1 --grad-accumulation-steps 4" in order
    assert any(fix.startswith("--max-seq-length 256 --batch-size 1") for fix in order), "together, when none does alone"
    for limit, found in needs.items():
        assert not found.fits and kinds(found)[0] == "memory"
        if found.fix:
            assert found.fix in str(found.warnings[0])
            words = found.fix.replace("--grad-checkpoint", "--grad-checkpoint True").split()
            pairs = zip(words[::2], words[1::2], strict=True)
            change = {k.removeprefix("--").replace("-", "_"): int(v) if v.isdigit() else v for k, v in pairs}
            length, rows = min(512, change.get("max_seq_length", 512)), change.get("batch_size", 4)
            mended = replace(ROWS, heaviest=uniform(length, rows))
            assert plan(Machine("metal", "M", limit, limit), mended, **change).fits


@pytest.mark.parametrize(
    ("fields", "warned"),
    [
        ({"learning_rate": 1e-4}, False),
        ({"learning_rate": 2e-3}, True),
        ({"learning_rate": 2e-3, "lora_parameters": {"scale": 2.0}}, False),
        ({"learning_rate": 3e-4}, False),
        ({"learning_rate": 3e-4, "optimizer_config": {}}, True),
        ({"learning_rate": 1e-4, "fine_tune_type": "full"}, False),
        ({"learning_rate": 1e-3, "fine_tune_type": "full"}, True),
        ({"learning_rate": 1e-1, "optimizer": "sgd"}, False),
    ],
)
def test_bold_rates_are_warned_of_and_called_a_rule_of_thumb(fields: dict[str, Any], warned: bool) -> None:
    found = plan(**fields)
    assert ("rate" in kinds(found)) == warned
    assert all("a rule of thumb" in str(warning) for warning in found.warnings)


def test_the_defaults_of_sprout_are_not_warned_of_and_half_as_much_again_is(tmp_path: Path) -> None:
    for rate, expected in ((2e-3, []), (3e-3, ["rate"])):
        spec = RunSpec(learning_rate=rate)
        assert kinds(make(Inputs(spec, find_base("sprout", tmp_path), ROWS, BIG))) == expected


def test_rows_layers_methods_and_keys_are_looked_at() -> None:
    rows = Rows(3, 0, BATCH, BATCH, BATCH, BATCH, True, longest=600, truncated=2, lost_tokens=700, unsupervised=1)
    found = plan(rows=rows, num_layers=20, bits=4, fine_tune_type="full")
    assert kinds(found) == ["layers", "method", "cut", "unsupervised", "few", "valid"]
    assert [w.kind for w in found.warnings if w.refused] == ["layers", "method", "unsupervised", "few"]
    assert "2 of 3 rows are longer than 2,048 tokens and lose 700" in str(found.warnings[2])
    wrong = plan(lora_parameters={"keys": ["q_proj", "mlp.up_proj", "lm_head"]})
    assert kinds(wrong) == ["keys"] and "called q_proj, lm_head; training refuses that" in str(wrong.warnings[0])
    assert kinds(plan(lora_parameters={"keys": ["mlp.up_proj", "model.embed_tokens"]})) == []


@pytest.mark.parametrize("family", ["qwen3_next", "gpt_oss", "mamba"])
def test_families_known_for_trouble_are_named_with_a_remedy(family: str) -> None:
    shape = find_base("llama-3.2-1b", Path()).shape
    base = Base(family, {"model_type": family}, "somewhere")
    given = Inputs(RunSpec(model=family, learning_rate=1e-4), base, ROWS, BIG, (10, 1000), shape)
    found = make(given)
    assert kinds(found) == ["architecture"] and family in str(found.warnings[0]) and found.warnings[0].remedy
    assert found.uncertainty > plan().uncertainty


@pytest.mark.parametrize(("text", "size"), [("16GB", 16e9), ("1.5 GiB", 1.5 * 2**30), ("800m", 8e8), ("12", 12)])
def test_amounts_of_memory_are_read_as_people_write_them(text: str, size: float) -> None:
    assert parse_memory(text) == size


@pytest.mark.parametrize("text", ["", "much", "-1GB", "1 XB", "1e400"])
def test_other_amounts_are_refused(text: str) -> None:
    with pytest.raises(LabError, match="--memory"):
        parse_memory(text)
