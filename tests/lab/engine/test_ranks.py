"""Two ranks on this machine, through mlx.launch: the same curve as one, and none stays behind."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest
from waiting import wait_for

from lab import client, preflight
from lab.errors import LabError
from lab.events.schema import iteration_of
from lab.hostfile import count_ranks
from lab.runs import launch
from lab.runs.directory import Run, Runs
from lab.runs.outcome import curve
from lab.runs.stop import request_stop
from lab.spec import RunSpec

LONG = {"iters": 100_000, "batch_size": 2, "num_layers": 1, "val_batches": 1, "samples": 0, "steps_per_report": 1,
        "steps_per_eval": 100_000, "save_every": 100_000, "lr_schedule": "constant"}  # fmt: skip


def iteration(run: Run) -> int:
    return iteration_of(run.last_event())


def ranks(run: Run) -> list[psutil.Process]:
    """The rank processes of a run that live."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if "rank" in words and str(run.path) in words:
            found.append(process)
    return found


def train(desk: Any, run: Run | None = None, **spec: int) -> Run:
    """A run under way, a new one or one resumed, that has come further than before by four iterations."""
    if run is None:
        run, done = preflight.prepare(LONG | spec, desk.runs, desk.home / "cache"), 0
        launch.start(run, desk.home / "cache")
    else:
        done = int(run.result().iterations)
        launch.start(run, desk.home / "cache")
    wait_for(lambda: iteration(run) >= done + 4)
    return run


@pytest.mark.long
def test_two_ranks_learn_what_one_does_from_the_same_batches_and_none_stays_behind(desk: Any) -> None:
    run = train(desk, ranks=2)
    if sys.platform == "linux":
        (mine, theirs), all_of_them = (
            (set(rank.cpu_affinity()) for rank in ranks(run)),
            set(psutil.Process().cpu_affinity()),
        )
        assert mine | theirs == all_of_them and (mine.isdisjoint(theirs) or len(all_of_them) == 1)
    environments = [process.environ() for process in ranks(run)]
    assert len(environments) == 2 == run.started().ranks
    assert all(int(e["OPENBLAS_NUM_THREADS"]) <= max(1, (os.cpu_count() or 1) // 2) for e in environments)
    assert {e.get("LD_PRELOAD") for e in environments} == {run.process().environ().get("LD_PRELOAD")}
    assert request_stop(run)
    wait_for(lambda: run.state() == "stopped" and not ranks(run) and not run.lives())
    alone = train(desk)
    request_stop(alone)
    wait_for(lambda: alone.state() == "stopped")
    mine, theirs = dict(curve(alone)), dict(curve(run))
    assert all(theirs[i] == pytest.approx(mine[i], abs=1e-4) for i in (1, 2, 3, 4))

    train(desk, run)
    next(process for process in ranks(run) if process.environ()["MLX_RANK"] == "0").kill()
    wait_for(lambda: not ranks(run) and not run.lives())
    assert run.state() == "failed" and "rank" in run.result().error.what
    assert "`lowrank resume" in run.result().error.remedy


RANK = """
import time
from lab.engine import launcher, stopping
stopping.listen()
launcher.join_in()
print("ready", flush=True)
while not stopping.asked():
    time.sleep(0.01)
print("asked", flush=True)
while True:
    time.sleep(1)
"""


@pytest.mark.long
def test_a_rank_obeys_its_launcher_and_ends_with_it() -> None:
    command = [sys.executable, "-c", RANK]
    rank = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=client.PACKAGES)
    assert rank.stdin is not None and rank.stdout is not None
    assert rank.stdout.readline() == b"ready\n"
    rank.stdin.write(b"stop\n")
    rank.stdin.flush()
    assert rank.stdout.readline() == b"asked\n" and rank.poll() is None
    rank.stdin.close()
    assert rank.wait(60) == 1


def test_what_cannot_be_shared_is_refused_before_anything_starts(tmp_path: Path) -> None:
    hosts = tmp_path / "hosts.json"
    hosts.write_text('[{"ssh": "a", "ips": ["10.0.0.1"]}, {"ssh": "b", "ips": ["10.0.0.2"]}, {"ssh": "c"}]')
    assert count_ranks(RunSpec(hostfile=str(hosts))) == 3
    (tmp_path / "none.json").write_text("{}")
    for number, odd in enumerate(("-oProxyCommand=touch x", "a b", "me@-x", "ssh://-x", "$(x)", 7)):
        for host in ({"ssh": odd}, {"ssh": "a", "ips": [odd]}):
            (tmp_path / f"odd-{number}.json").write_text(json.dumps([host]))
            with pytest.raises(LabError, match="where a host's name or address should be"):
                count_ranks(RunSpec(hostfile=str(tmp_path / f"odd-{number}.json")))
    for fields, says in (
        ({"ranks": 3}, "--batch-size: .* give a multiple of 3"),
        ({"hostfile": str(hosts)}, "--batch-size: .* give a multiple of 3"),
        ({"hostfile": str(hosts), "ranks": 2}, "--ranks: .* lists 3"),
        ({"hostfile": str(tmp_path / "none.json")}, r"--hostfile: .*mlx\.distributed_config"),
        ({"hostfile": str(tmp_path / "missing.json")}, "--hostfile: .*FileNotFoundError"),
        ({"backend": "pigeon"}, "--backend: .*ring"),
        ({"backend": "jaccl", "ranks": 2}, r"--backend: .*mlx\.distributed_config"),
    ):
        with pytest.raises(LabError, match=says) as refused:
            preflight.prepare(fields, Runs(tmp_path), tmp_path)
        assert refused.value.usage
    assert not Runs(tmp_path).all()
