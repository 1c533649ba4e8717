"""The commands of other sites as they stand there, against a hub on this machine and the real client."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hub import Hub, files_of

import benchmarks.terminal
from lab.datasets.find import BUNDLED, read_rows
from lab.models.find import BUNDLED as MODELS
from lab.runs.directory import Runs

MODEL, DATA = "mlx-community/Llama-3.2-1B-Instruct-4bit", "mlx-community/wikisql"
SHORT = "steps_per_report: 2\nsteps_per_eval: 4\nval_batches: 1\nsamples: 1\nbatch_size: 2\n"


def texts(split: str) -> bytes:
    """Rows as mlx-community/wikisql has them: one text each."""
    rows = ({"text": f"{row['prompt']} {row['completion']}"} for row in read_rows(BUNDLED / "sql" / f"{split}.jsonl"))
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


@pytest.fixture
def hub() -> Iterator[Hub]:
    with Hub() as made:
        made.add_model(MODEL, files_of(MODELS / "sprout") | {"modeling.py": b"raise SystemExit('remote code ran')"})
        made.add_dataset(DATA, {f"{split}.jsonl": texts(split) for split in ("train", "valid", "test")})
        yield made


@pytest.mark.long
def test_mlx_lms_own_example_works_as_it_is_typed_and_again_without_a_network(hub: Hub, tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    (work / "short.yaml").write_text(SHORT)
    environment = {**os.environ, **hub.environment(tmp_path), "LOWRANK_HOME": str(tmp_path / "home")}
    environment["PYTHONPATH"] = str(benchmarks.terminal.ROOT)

    def lowrank(*words: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-P", "-m", "tui", *words]
        return subprocess.run(command, cwd=work, env=environment, capture_output=True, text=True, timeout=500)

    line = ["--model", MODEL, "--train", "--data", DATA, "--iters", "4", "--adapter-path", "./my-adapter"]
    done = lowrank("train", *line, "-c", "short.yaml")
    assert done.returncode == 0, done.stderr
    assert f"fetching {DATA} from the hub: 0.3 MB" in done.stderr and f"fetching {MODEL} from the hub" in done.stderr
    assert f"{DATA}: 1,200 train, 120 valid, 200 test rows (text); 0.3 MB fetched" in done.stderr
    assert f"LoRA of {MODEL} on {DATA} (" in done.stdout and "finished after 4 iterations" in done.stdout
    assert (work / "my-adapter/adapters.safetensors").is_file() and (work / "my-adapter/adapter_config.json").is_file()
    run = Runs(tmp_path / "home/runs").get("last")
    assert run.spec.model == MODEL and run.spec.data == str(tmp_path / "home/cache/data" / DATA)
    assert run.id.endswith("-wikisql-lora")
    assert not [path for _, path in hub.asked if path.endswith(".py")], "code of a model is not even fetched"

    hub.asked.clear()
    again = lowrank("train", "--model", MODEL, "--data", DATA, "--iters", "2", "-c", "short.yaml")
    assert again.returncode == 0 and "fetch" not in again.stderr, again.stderr
    planned = lowrank("plan", "--model", MODEL, "--data", DATA, "--no-probe")
    assert planned.returncode == 0 and f"of {MODEL} on {DATA}: batch 8" in planned.stdout, planned.stderr
    checked = lowrank("data", "check", DATA, "--json")
    assert json.loads(checked.stdout)["splits"]["valid"]["rows"] == 120
    assert lowrank("generate", "last", "-p", "Table", "--max-tokens", "2").returncode == 0
    assert not hub.asked, "what is here is not asked for again"

    before = len(Runs(tmp_path / "home/runs").all())
    wrong = lowrank("train", "--model", MODEL, "--data", "mlx-community/wikisq")
    assert wrong.returncode == 1 and "mlx-community/wikisq: the hub has no such data set" in wrong.stderr
    near = lowrank("train", "--data", "sq")
    assert near.returncode == 2 and "did you mean sql?" in near.stderr
    assert len(Runs(tmp_path / "home/runs").all()) == before, "no run is made of what cannot be had"


def test_ctrl_c_while_data_comes_leaves_neither_run_nor_half_a_data_set(hub: Hub, tmp_path: Path) -> None:
    environment = {**os.environ, **hub.environment(tmp_path), "LOWRANK_HOME": str(tmp_path / "home")}
    environment["PYTHONPATH"] = str(benchmarks.terminal.ROOT)
    hub.hold.clear()
    command = [sys.executable, "-P", "-m", "tui", "train", "--data", DATA]
    process = subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True)
    assert hub.halted.wait(120)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=120)
    assert process.returncode == 130 and "Traceback" not in told
    data = tmp_path / "home/cache/data"
    assert not [path for path in data.rglob("*") if path.is_file() and ".locks" not in path.parts]
    assert not Runs(tmp_path / "home/runs").all()
