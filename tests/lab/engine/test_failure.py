"""What ends a run, brought about for real: no memory, no room, no compiler, a damaged file."""

import errno
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlx.core as mx
import pytest

from lab import client, preflight
from lab.engine.failure import explain
from lab.error_diagnosis import find_cause
from lab.errors import LabError
from lab.events.schema import Reason
from lab.models.find import BUNDLED
from lab.runs import launch
from lab.runs.crash_recovery import settle
from lab.runs.directory import Run, Runs

SPEC = {"iters": 2, "batch_size": 2, "num_layers": 2, "samples": 0, "val_batches": 1, "steps_per_report": 1}


def ended(
    home: Path, before: Callable[[], None] = lambda: None, spec: dict[str, Any] = SPEC, **environment: str
) -> tuple[Run, int, str]:
    """A run trained in an engine that `before` has put in a difficulty: with its exit code and standard error."""
    run = preflight.prepare(spec, Runs(home / "runs"), home / "cache")
    launch.note_process(run.path, None)
    command = client.engine_command("train", str(run.path), "--cache", str(home / "cache"))
    process = subprocess.Popen(
        command,
        env=client.engine_environment(home / "cache") | environment,
        preexec_fn=before,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    out, err = process.communicate(timeout=300)
    (run.path / "log.txt").write_text(out + err)
    return run, process.returncode, err


def why(run: Run) -> Reason:
    assert settle(run) == "failed"
    result = run.result()
    assert result is not None and result.error.remedy
    return result.error


def limit(kind: int, size: int) -> Callable[[], None]:
    return lambda: resource.setrlimit(kind, (size, size))


@pytest.mark.skipif(sys.platform != "linux", reason="macOS does not keep to RLIMIT_AS")
def test_an_engine_without_memory_fails_with_what_needs_less(tmp_path: Path) -> None:
    large = SPEC | {"batch_size": 1200}
    run, code, _ = ended(tmp_path, limit(resource.RLIMIT_AS, 3 << 29), large, OPENBLAS_NUM_THREADS="1")
    error = why(run)
    assert code != 0 and "memory" in error.what and "--batch-size" in error.remedy, error


def test_a_full_disk_is_named_as_such(tmp_path: Path) -> None:
    run, code, _ = ended(tmp_path, limit(resource.RLIMIT_FSIZE, 50_000))
    assert code == 1 and "disk is full" in why(run).what
    assert not list(run.path.rglob("*.tmp*")), "nothing half-written is left"


def test_where_not_even_the_last_word_fits_one_line_is_said(tmp_path: Path) -> None:
    run, code, err = ended(tmp_path, limit(resource.RLIMIT_FSIZE, 0))
    assert code == 1 and err.count("\n") == 1 and err.startswith("failed: the disk is full")
    assert why(run).what, "somebody else says it when there is room again"


@pytest.mark.skipif(sys.platform != "linux", reason="MLX compiles for the CPU with g++ on Linux")
def test_a_compiler_that_does_not_compile_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "g++").write_text('#!/bin/sh\n[ "$1" = --version ] || { echo "no cc1plus"; exit 1; }\n')
    (folder / "g++").chmod(0o755)
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    run, code, _ = ended(tmp_path, PATH=path, TMPDIR=str(temporary))
    error = why(run)
    assert code == 1 and "C++ compiler" in error.what and "MLX_DISABLE_COMPILE=1" in error.remedy


@pytest.mark.skipif(sys.platform != "linux", reason="MLX compiles for the CPU with g++ on Linux")
def test_without_any_compiler_training_goes_without_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    run, code, err = ended(tmp_path, TMPDIR=str(tmp_path))
    assert code == 0, err
    assert settle(run) == "finished" and "not" not in err


def test_every_error_has_a_cause_in_words_and_a_remedy(tmp_path: Path) -> None:
    damaged = tmp_path / "model.safetensors"
    shutil.copy(BUNDLED / "sprout/model.safetensors", damaged)
    os.truncate(damaged, damaged.stat().st_size - 1000)

    def told(action: Callable[[], Any]) -> Reason:
        try:
            action()
        except BaseException as error:
            return explain(error, tmp_path)
        raise AssertionError("nothing failed")

    assert "damaged or incomplete" in told(lambda: mx.eval(mx.load(str(damaged)))).what
    if sys.platform == "linux":
        full = tmp_path / "full.npy"
        full.symlink_to("/dev/full")
        assert "disk is full" in told(lambda: mx.save(str(full), mx.zeros((500, 500)))).what
    assert "could not be made" in told(lambda: mx.save(str(tmp_path / "no/where.npy"), mx.zeros(9))).what
    assert told(lambda: (tmp_path / "none").read_text()).where == str(tmp_path / "none")
    assert "lowrank doctor" in told(lambda: __import__("no_such_module")).remedy
    assert told(lambda: [][1]).where == str(tmp_path / "log.txt")
    quota = explain(OSError(errno.EDQUOT, "Disk quota exceeded", "/x"))
    assert quota.where == "/x" and "quota" in quota.what
    assert explain(MemoryError()).what == "out of memory"
    assert explain(LabError("a", where="b", remedy="c")) == Reason(what="a", where="b", remedy="c")


@pytest.mark.parametrize(
    ("message", "what"),
    [
        ("[METAL] Command buffer execution failed: Insufficient Memory (00000008:"
         "kIOGPUCommandBufferCallbackErrorOutOfMemory)", "out of memory"),
        ("[METAL] Command buffer execution failed: Caused GPU Timeout Error (00000002:"
         "kIOGPUCommandBufferCallbackErrorTimeout)", "watchdog"),
        ("[metal::malloc] Resource limit (499000) exceeded.", "no more buffers"),
        ("[metal::malloc] Attempting to allocate 99 bytes which is greater than", "out of memory"),
        ("[malloc] Unable to allocate 99 bytes.", "out of memory"),
        ("std::bad_alloc", "out of memory"),
        ("[ring] connection to a peer was lost", "a rank"),
    ],
)  # fmt: skip
def test_messages_of_mlx_that_this_machine_cannot_bring_about(message: str, what: str) -> None:
    assert what in explain(RuntimeError(message)).what
    assert find_cause("all is well") is None
