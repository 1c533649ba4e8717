"""`lowrank plan` from the outside: offline for presets, against real runs for `sprout`, and learning from them."""

import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from short import SHORT

from lab.errors import LabError
from lab.models.find import BUNDLED
from lab.planning import trial
from lab.spec import RunSpec
from tests.lab.conftest import Desk

KEYS = {
    "trainable_parameters",
    "total_parameters",
    "estimated_peak_memory_bytes",
    "estimated_seconds",
    "fits",
    "warnings",
}


def test_a_preset_is_planned_for_without_weights_network_or_engine(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    done = desk("plan", "--model", "preset:llama-3.2-1b", "--bits", "4", "--memory", "8GB", "--json")
    found = done.lines[-1]
    assert done.code == 0 and set(found) >= KEYS
    assert (found["trainable_parameters"], found["total_parameters"]) == (5_636_096, 1_235_814_400)
    assert found["method"] == "QLoRA" and found["estimated_seconds"] is None and not found["rows_counted"]
    assert not (tmp_path / "cache" / "plan.log").exists(), "the engine was not asked"

    for_people = desk("plan", "--model", "llama-3.2-1b", "--bits", "4", "--memory", "8GB")
    assert for_people.code == 0 and all(len(line) <= 80 for line in for_people.out.splitlines())
    assert "5,636,096 of 1,235,814,400 train (0.46%)" in for_people.out
    assert "8.0 GB free" in for_people.out and "guessed from bytes" in " ".join(for_people.out.split())


def test_a_plan_of_sprout_agrees_with_the_run_and_learns_from_it(trained: Callable, tmp_path: Path) -> None:
    run, done = trained("--model", "sprout", *SHORT)
    last = done.lines[-1]
    fresh = Desk(tmp_path)("plan", "--json", "--no-probe", *SHORT[:4]).lines[-1]
    assert fresh["trainable_parameters"] == last["trainable_parameters"]
    assert fresh["total_parameters"] == run.started().total_parameters
    assert fresh["estimated_peak_memory_bytes"] == pytest.approx(last["peak_memory_bytes"], rel=0.25)
    assert fresh["calibrated_runs"] == 0 and fresh["estimated_seconds"] is None and fresh["warnings"] == []

    second = Desk(tmp_path / "second")
    shutil.copytree(run.path, second.runs.root / run.id)
    learned = second("plan", "--json", "--no-probe", *SHORT[:4]).lines[-1]
    assert learned["calibrated_runs"] == 1 and learned["estimated_seconds"] > 0
    assert learned["estimated_peak_memory_bytes"] == pytest.approx(last["peak_memory_bytes"], rel=0.25)


def test_a_probe_times_real_iterations(tmp_path: Path) -> None:
    done = Desk(tmp_path)("plan", "--iters", "1000", "--batch-size", "4", "--samples", "1")
    assert done.code == 0 and "by a probe of 3 iterations" in done.out, done.out + done.err
    assert "1,000 iterations of" in done.out and "11 validations of" in done.out
    assert "set right by the probe" in " ".join(done.out.split())
    assert all(len(line) <= 80 for line in done.out.splitlines()) and not (tmp_path / "runs").exists()


@pytest.mark.long
def test_a_trial_that_fails_says_why_and_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    folder = tmp_path / "broken"
    shutil.copytree(BUNDLED / "sprout", folder)
    (folder / "tokenizer.json").write_text("{}")
    with pytest.raises(LabError, match="the probe ended early"):
        trial.run(RunSpec(model=str(folder)), tmp_path / "cache")
    assert not list(tmp_path.glob("lowrank-plan-*"))


def test_what_does_not_fit_is_not_probed_and_has_a_remedy(tmp_path: Path) -> None:
    done = Desk(tmp_path)("plan", "--model", "llama-3.2-1b", "--memory", "6GB", "--json")
    found = done.lines[-1]
    assert done.code == 0 and not found["fits"] and found["warning_kinds"] == ["memory"]
    assert found["cheapest_fix"] and found["cheapest_fix"] in found["warnings"][0]
    assert found["estimated_seconds"] is None


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--model", "preset:nothing"), "there are llama-3.2-1b, mistral-7b, qwen3-0.6b"),
        (("--model", "nothing"), "or to plan only: llama-3.2-1b"),
        (("--memory", "lots"), "write it like 16GB"),
        (("--iters", "0"), "--iters"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_2(flags: tuple[str, ...], said: str, tmp_path: Path) -> None:
    done = Desk(tmp_path)("plan", *flags)
    assert done.code == 2 and said in done.err and done.err.count("\n") == 1


def test_a_hub_id_is_looked_up_in_the_cache_and_its_weights_are_not_fetched(tmp_path: Path) -> None:
    snapshot = tmp_path / "hub" / "models--acme--tiny" / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    (snapshot.parents[1] / "refs").mkdir()
    (snapshot.parents[1] / "refs" / "main").write_text("abc")
    config = json.loads((BUNDLED / "sprout" / "config.json").read_text()) | {"model_type": "gemma", "head_dim": 48}
    (snapshot / "config.json").write_text(json.dumps(config))
    done = Desk(tmp_path)("plan", "--model", "acme/tiny", "--json", HF_HOME=str(tmp_path), HF_HUB_OFFLINE="1")
    found = done.lines[-1]
    assert done.code == 0 and found["trainable_parameters"] == 175_104, done.err
    assert found["total_parameters"] == 2_853_312 and not found["rows_counted"]
    missing = Desk(tmp_path)("plan", "--model", "acme/none", HF_HOME=str(tmp_path), HF_HUB_OFFLINE="1")
    assert (
        missing.code == 1
        and "acme/none: is not on this machine, and HF_HUB_OFFLINE" in missing.err
        and missing.err.count("\n") == 1
    )
