"""Asking the engine once, with and without an event loop, and again and again: one protocol, one way to fail."""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from waiting import wait_for

from lab.client import EngineClient, EngineSession
from lab.errors import LabError

SAY = "import json, os, sys, time\nsay = lambda **told: print(json.dumps(told), flush=True)\n"
REFUSE = {"what": "no such row", "where": "row 7", "remedy": "give another", "usage": True}
Engine = Callable[[str], EngineClient]
Ask = Callable[..., dict[str, Any]]


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """A client whose engine carries out these lines of Python."""

    def make(code: str) -> EngineClient:
        monkeypatch.setattr("lab.client.engine_command", lambda *_: [sys.executable, "-c", SAY + code])
        return EngineClient(tmp_path / "cache")

    return make


@pytest.fixture(params=["blocking", "async"])
def ask(request: Any, tmp_path: Path) -> Ask:
    def asked(client: EngineClient, **given: Any) -> dict[str, Any]:
        if request.param == "blocking":
            return client.ask_blocking("job", "about", log=tmp_path / "log.txt", **given)
        return asyncio.run(client.ask("job", "about", log=tmp_path / "log.txt", **given))

    return asked


def test_the_last_line_is_the_answer(engine: Engine, ask: Ask, tmp_path: Path) -> None:
    told: list[Any] = []
    code = "say(event='progress', done=1); print('chatter', file=sys.stderr); say(event='answer', text='최고')"
    client = engine(code)
    assert ask(client, progress=told.append) == {"event": "answer", "text": "최고"}
    assert told == [{"event": "progress", "done": 1}]
    assert (tmp_path / "log.txt").read_text() == "chatter\n"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (f"say(event='failed', error={REFUSE}); sys.exit(1)", ("no such row", "row 7", "give another", True)),
        ("say(event='progress', done=1); os.kill(os.getpid(), 9)", ("the engine ended with code -9", "", "", False)),
        ("print('{\"event\": \"ans', end=''); sys.exit(3)", ("the engine ended with code 3", "", "", False)),
        ("pass", ("the engine ended with code 0", "", "", False)),
    ],
    ids=["refused", "killed", "half a line", "silent"],
)
def test_every_failure_is_a_lab_error(
    engine: Engine, ask: Ask, tmp_path: Path, code: str, said: tuple[str, str, str, bool]
) -> None:
    with pytest.raises(LabError) as caught:
        ask(engine(code))
    error, (what, where, remedy, usage) = caught.value, said
    assert (error.what, error.usage) == (what, usage)
    assert (error.where, error.remedy) == (where or str(tmp_path / "log.txt"), remedy or "read that file")


STUBBORN = """
import signal, subprocess
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])
say(event='progress', pids=[os.getpid(), child.pid])
time.sleep(600)
"""


def test_cancelling_ends_the_job_and_what_it_started(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lab.client.GRACE", 0.1)
    pids: list[int] = []

    async def work() -> None:
        began = asyncio.Event()

        def progress(event: dict[str, Any]) -> None:
            pids.extend(event["pids"])
            began.set()

        asking = asyncio.create_task(engine(STUBBORN).ask("job", "about", log=tmp_path / "log", progress=progress))
        await began.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        while any(map(_lives, pids)):
            await asyncio.sleep(0.01)

    asyncio.run(asyncio.wait_for(work(), 30))
    assert len(pids) == 2


def test_ctrl_c_ends_a_job_that_does_not_listen(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lab.client.GRACE", 0.1)
    pids: list[int] = []

    def progress(event: dict[str, Any]) -> None:
        pids.extend(event["pids"])
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        engine(STUBBORN).ask_blocking("job", "about", log=tmp_path / "log", progress=progress)
    wait_for(lambda: not any(map(_lives, pids)))


SESSION = """
for line in sys.stdin:
    asked = json.loads(line)
    if asked['kind'] == 'pid':
        say(event='progress', done=1)
        say(event='answer', id=asked['id'], pid=os.getpid())
    elif asked['kind'] == 'refuse':
        say(event='refused', id=asked['id'], error=asked['error'])
    elif asked['kind'] == 'die':
        sys.exit(7)
    else:
        time.sleep(600)
"""


def test_a_session_answers_again_and_again_and_starts_anew(engine: Engine, tmp_path: Path) -> None:
    async def work() -> None:
        session, told = EngineSession(engine(SESSION), "job", "about", tmp_path / "log"), []
        first = (await session.ask("pid", told.append))["pid"]
        assert told == [{"event": "progress", "done": 1}]
        with pytest.raises(LabError, match="row 7: no such row; give another"):
            await session.ask("refuse", error=REFUSE)
        assert (await session.ask("pid"))["pid"] == first, "a refusal ends nothing"
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(session.ask("sleep"), 0.2)
        assert not session.alive
        second = (await session.ask("pid"))["pid"]
        with pytest.raises(LabError, match="ended with code 7"):
            await session.ask("die")
        third = (await session.ask("pid"))["pid"]
        assert len({first, second, third}) == 3
        session.end()
        while any(map(_lives, (first, second, third))):
            await asyncio.sleep(0.01)

    asyncio.run(asyncio.wait_for(work(), 60))


def _lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
