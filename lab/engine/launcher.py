"""Several ranks on one run: mlx.launch inside the engine process, which keeps the lock and passes the word to stop.

Each rank's standard input comes from here, over ssh too: a line on it asks to stop, its end says that the launcher is
gone. So no rank outlives it, however it ended.
"""

import _thread
import os
import select
import signal
import socket
import sys
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from lab.client import engine_command
from lab.engine import stopping
from lab.errors import LabError
from lab.hostfile import count_ranks
from lab.runs.directory import Run
from lab.runs.state import RunState
from lab.spec import RunSpec

PASSED = ("PYTHONPATH", "PYTHONUTF8", "PYTHONUNBUFFERED", "TOKENIZERS_PARALLELISM", "TRANSFORMERS_VERBOSITY",
          "HF_HUB_DISABLE_TELEMETRY", "LD_PRELOAD", "LOWRANK_ENGINE_BLAS", "OPENBLAS_NUM_THREADS",
          "MLX_DISABLE_COMPILE")  # fmt: skip
"""Variables that a rank needs on another machine too."""
GRACE = 5.0
"""Seconds that a rank has to end after another one died."""


def launch(run: Run, cache: Path) -> int:
    """Start the ranks of the run's spec, wait for them all, and return the exit code. Raises LabError."""
    from mlx._distributed_utils import launch as mlx_launch

    spec = run.spec
    if not spec.hostfile:  # OpenBLAS counts cores when it is loaded, long before `take_cores`
        os.environ.setdefault("OPENBLAS_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // spec.ranks)))
    reader, writer = os.pipe()
    os.dup2(reader, 0)

    def stop(*_: Any) -> None:
        os.write(writer, b"stop\n")

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    if stopping.asked():
        stop()
    mlx_launch.select = _patient_select
    sys.argv = ["mlx.launch", *arguments(spec), "--", *engine_command("rank", str(run.path), "--cache", str(cache))]
    try:
        mlx_launch.main()
    except SystemExit as error:  # it does not like its arguments, and has said why on standard error
        remedy = "its reason is at the end of that file"
        raise LabError("mlx.launch refuses", where=str(run.path / "log.txt"), remedy=remedy) from error
    result = run.result()
    return 0 if result and RunState(result.kind).keeps_adapter else 1


def arguments(spec: RunSpec) -> list[str]:
    """What mlx.launch is told, but for the command."""
    words = ["--backend", spec.backend, "--starting-port", str(_free_ports(count_ranks(spec)))]
    words += ["--hostfile", spec.hostfile] if spec.hostfile else ["--hosts", "127.0.0.1", "-n", str(spec.ranks)]
    return words + [word for name in PASSED if name in os.environ for word in ("--env", f"{name}={os.environ[name]}")]


def take_cores(spec: RunSpec) -> None:
    """Keep this rank to its part of the cores, where ranks share a machine; each would use them all otherwise."""
    if spec.hostfile or "MLX_RANK" not in os.environ or not hasattr(os, "sched_setaffinity"):
        return
    cores, rank = sorted(os.sched_getaffinity(0)), int(os.environ["MLX_RANK"])
    os.sched_setaffinity(0, cores[rank :: spec.ranks] or [cores[rank % len(cores)]])


def join_in() -> None:
    """To be called by a rank when it begins: obey the launcher, and end when it or another rank is gone."""
    listener, signals = socket.socketpair()
    signals.setblocking(False)
    # Python's own handlers wait until MLX returns, which it may not do when another rank is gone.
    signal.set_wakeup_fd(signals.fileno())
    ends: tuple[Any, ...] = (0, listener)

    def obey() -> None:
        while True:
            ready, _, _ = select.select(ends, [], [])
            if 0 in ready:
                if not os.read(0, 64):
                    os._exit(1)
                _thread.interrupt_main(signal.SIGINT)  # handlers run there, and SIGTERM means something else below
            if listener in ready and listener.recv(1)[0] == signal.SIGTERM:
                signals.detach()
                time.sleep(GRACE)
                os._exit(1)

    threading.Thread(target=obey, name="obey", daemon=True).start()


def _patient_select(reading: Any, writing: Any, special: Any, seconds: float) -> Any:
    """select, but for its waking up at once whenever something may be written: mlx.launch would keep a core busy."""
    ready, _, _ = select.select(reading, [], special, min(seconds, 0.1))
    return ready, writing, []


def _free_ports(count: int) -> int:
    """The first of `count` ports in a row that nobody uses here now."""
    while True:
        with closing(socket.socket()) as first:
            first.bind(("127.0.0.1", 0))
            start = first.getsockname()[1]
        try:
            for port in range(start, start + count):
                with closing(socket.socket()) as each:
                    each.bind(("127.0.0.1", port))
            return int(start)
        except (OSError, OverflowError):
            continue
