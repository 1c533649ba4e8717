"""Asking the engine: every job is a process of its own; JSON lines come back, and the last is the answer.

`EngineClient` asks once, with or without an event loop. `EngineProcess` is a job that takes lines while it runs, and
`EngineSession` one that answers a request after the other. All have one way to say what went wrong: LabError.
"""

import asyncio
import json
import os
import shutil
import signal
import stat
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Final

from lab.blas import find_blas
from lab.errors import LabError

PACKAGES: Final = Path(__file__).parent.parent
LIMIT: Final = 64 << 20
"""Bytes of one line, at most: an answer with all its tables is one line."""
GRACE: Final = 2.0
"""Seconds that a job has to clean up."""

Answer = dict[str, Any]
Progress = Callable[[Answer], None]


class EngineProcess:
    """A job that runs. It ends when this program does, however that happens, since its input ends then."""

    def __init__(self, process: Process, log: Path) -> None:
        self._process, self._log = process, log

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.returncode is None

    def send(self, line: Mapping[str, Any]) -> None:
        """Write one JSON line to the job."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(line, ensure_ascii=False).encode("utf-8", "replace") + b"\n")

    async def lines(self) -> AsyncIterator[Answer]:
        """What the job says, until it ends."""
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            if said := _parsed(line):
                yield said

    async def result(self, progress: Progress = lambda _: None) -> Answer:
        """The last line; `progress` gets those before it that tell of progress. Raises LabError if the job failed."""
        last: Answer = {}
        async for last in self.lines():
            if last.get("event") == "progress":
                progress(last)
        return await self.checked(last)

    async def checked(self, last: Answer) -> Answer:
        """The last line, if it is an answer, when the job has ended. Raises LabError saying why there is none."""
        code = await self._process.wait()
        if code or last.get("event") in (None, "failed", "progress"):
            known = _given(last.get("error") or {})
            what = f"the engine ended with code {code}"
            raise engine_error({"what": what, "where": str(self._log), "remedy": "read that file", **known})
        return last

    def end(self) -> None:
        """Ask the job to leave, and kill it if it has not cleaned up in time. For a running event loop."""
        if self.alive:
            with suppress(ProcessLookupError):
                self._process.terminate()
            asyncio.get_running_loop().call_later(GRACE, self.kill)

    def kill(self) -> None:
        """Kill the job if it lives, with what it started: it has a session of its own."""
        if self.alive:
            with suppress(ProcessLookupError):  # it has ended, and nobody has told us yet
                os.killpg(self.pid, signal.SIGKILL)

    async def wait(self) -> None:
        """Wait until the job has ended."""
        await self._process.wait()


class EngineClient:
    """Asks the engine; models made on first use are kept in `cache`."""

    def __init__(self, cache: Path) -> None:
        self.cache = cache

    async def start(self, job: str, about: str | Path, *options: str, log: Path | None = None) -> EngineProcess:
        """Start a job about a run, a data set or whatever its name says. Raises OSError.

        What libraries print goes to the end of `log`, which is the log of the run if none is given.
        """
        log = log or Path(about) / "log.txt"
        command = engine_command(job, *options, "--cache", str(self.cache), "--leash", "--", str(about))
        environment = await asyncio.to_thread(engine_environment, self.cache)  # may build a shim, once
        with open_log(log) as errors:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=PIPE,
                stdout=PIPE,
                stderr=errors,
                env=environment,
                limit=LIMIT,
                start_new_session=True,
            )
        return EngineProcess(process, log)

    async def ask(
        self,
        job: str,
        about: str | Path,
        *options: str,
        log: Path | None = None,
        progress: Progress = lambda _: None,
    ) -> Answer:
        """The answer to a job. Raises LabError if it failed. Cancelling ends the job, which may still clean up."""
        process = await self.start(job, about, *options, log=log)
        try:
            return await process.result(progress)
        finally:
            process.end()

    def ask_blocking(
        self,
        job: str,
        about: str | Path,
        *options: str,
        log: Path | None = None,
        progress: Progress = lambda _: None,
    ) -> Answer:
        """The same without an event loop. The job outlives neither this program nor Ctrl-C, however busy it is."""

        async def work() -> Answer:
            process = await self.start(job, about, *options, log=log)
            try:
                return await process.result(progress)
            finally:
                process.end()
                await process.wait()

        return asyncio.run(work())


class EngineSession:
    """A job that answers requests one at a time: started by the first, ended by `end`, and then started anew.

    A request that is cancelled ends the process, since its answer may take long.
    """

    def __init__(self, client: EngineClient, job: str, about: str | Path, log: Path) -> None:
        self._client, self._given, self._log = client, (job, about), log
        self._process: EngineProcess | None = None
        self._lock = asyncio.Lock()
        self._number = 0

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.alive

    async def ask(self, kind: str, progress: Progress = lambda _: None, **request: Any) -> Answer:
        """The answer to one request. Raises LabError if it is refused, or if the process ends."""
        async with self._lock:
            process = self._process
            if process is None or not process.alive:
                process = self._process = await self._client.start(*self._given, log=self._log)
            self._number += 1
            try:
                process.send({"id": self._number, "kind": kind, **request})
                async for answer in process.lines():
                    if answer.get("event") == "progress":
                        progress(answer)
                    elif answer.get("id") == self._number:
                        if answer["event"] == "refused":
                            raise engine_error(answer["error"])
                        return answer
            except (OSError, asyncio.CancelledError):
                self.end()
                raise
            self._process = None
            return await process.checked({})

    def end(self) -> None:
        """End the process at once; the next request starts another."""
        if self._process is not None:
            self._process.kill()
            self._process = None


def engine_error(error: Mapping[str, Any]) -> LabError:
    """What the engine says went wrong, as everybody else says it."""
    told = _given(error)
    return LabError(str(told.get("what", "")), where=str(told.get("where", "")), remedy=str(told.get("remedy", "")),
                    usage=bool(told.get("usage")))  # fmt: skip


def _given(error: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in error.items() if value}


def _parsed(line: bytes) -> Answer:
    """The object on a line; nothing where a killed process left half of one."""
    with suppress(ValueError):
        said = json.loads(line)
        if isinstance(said, dict):
            return said
    return {}


def engine_command(*arguments: str) -> list[str]:
    """The command that runs the engine; -P keeps a `lab` folder in the current directory from being taken for ours."""
    return [sys.executable, "-P", "-m", "lab.engine", *arguments]


def open_log(log: Path) -> IO[bytes]:
    """Where what libraries print goes: to the end of `log`, or nowhere where that cannot be written, since a question
    to the engine needs no file."""
    with suppress(OSError):
        log.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK | os.O_CLOEXEC, 0o644)
        if stat.S_ISREG(os.fstat(handle).st_mode):
            os.set_blocking(handle, True)
            return os.fdopen(handle, "ab")
        os.close(handle)
    return open(os.devnull, "ab")


def engine_environment(cache: Path) -> dict[str, str]:
    """The environment of the engine: a fast BLAS, quiet libraries, and no just-in-time compiler where there is none."""
    environment = dict(os.environ)
    paths = [str(PACKAGES), *filter(None, [environment.get("PYTHONPATH", "")])]
    environment |= {
        "PYTHONPATH": os.pathsep.join(paths),
        "TOKENIZERS_PARALLELISM": "false",
        "PYTHONUNBUFFERED": "1",
        "MLX_BFS_MAX_WIDTH": "200",  # MLX else hands out one core's rows (lab.engine.packed_batch) before the other's
    }
    environment |= {"TRANSFORMERS_VERBOSITY": "error", "HF_HUB_DISABLE_TELEMETRY": "1", "PYTHONUTF8": "1"}
    if sys.platform == "darwin":  # macOS else kills long GPU work while it draws the screen
        environment.setdefault("AGX_RELAX_CDM_CTXSTORE_TIMEOUT", "1")
    blas = find_blas(cache)
    environment["LOWRANK_ENGINE_BLAS"] = blas.name
    environment |= blas.environment()
    if sys.platform == "linux" and not shutil.which("g++"):
        environment["MLX_DISABLE_COMPILE"] = "1"
    return environment
