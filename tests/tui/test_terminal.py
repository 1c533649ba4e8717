"""The screen and its terminal: none, one that cannot show it, and one that goes away."""

import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from waiting import PATIENCE

from lessons.loader import BUNDLED

ROOT = Path(__file__).parents[2]
OPENINGS = [[], ["lab"], ["preview", str(BUNDLED)]]


class Opened:
    """`lowrank` on a pseudo-terminal, of which this process holds the other end."""

    def __init__(
        self, home: Path, *words: str, streams: tuple[int | None, ...] = (None, None, None), **env: str
    ) -> None:
        self.master, slave = pty.openpty()
        stdin, stdout, stderr = (slave if stream is None else stream for stream in streams)
        environment = {
            **os.environ,
            "LOWRANK_HOME": str(home),
            "PYTHONPATH": str(ROOT),
            "TERM": "xterm-256color",
            **env,
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tui", *words],
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            env={name: value for name, value in environment.items() if value},
            start_new_session=True,
        )
        os.close(slave)
        self.seen = b""

    def read(self, until: bytes = b"") -> None:
        """Take what was drawn until `until` is there, or the program has ended."""
        end = time.monotonic() + PATIENCE
        while until not in self.seen or not until:
            assert time.monotonic() < end, self.seen
            if not select.select([self.master], [], [], 0.1)[0]:
                if self.process.poll() is not None:
                    return
                continue
            try:
                self.seen += os.read(self.master, 1 << 16)
            except OSError:  # nobody holds the terminal any more
                return

    def hang_up(self) -> None:
        os.close(self.master)
        self.master = -1


@pytest.fixture
def opened() -> Iterator[list[Opened]]:
    programs: list[Opened] = []
    yield programs
    for program in programs:
        program.process.kill()
        program.process.wait()
        if program.master >= 0:
            os.close(program.master)


@pytest.mark.parametrize("words", OPENINGS, ids=lambda words: words[0] if words else "alone")
@pytest.mark.parametrize("stream", [0, 1, 2], ids=["input", "output", "error"])
def test_without_a_terminal_it_says_so_and_ends(
    words: list[str], stream: int, tmp_path: Path, opened: list[Opened]
) -> None:
    with Path(os.devnull).open("r+") as nothing, (tmp_path / "said").open("w+") as said:
        streams: list[int | None] = [None, None, said.fileno()]
        streams[stream] = said.fileno() if stream == 2 else nothing.fileno()
        program = Opened(tmp_path / "home", *words, streams=tuple(streams))
        opened.append(program)
        assert program.process.wait(PATIENCE) == 2
        said.seek(0)
        line = said.read()
    name = ("input", "output", "error")[stream]
    assert line.startswith(f"lowrank: the screen needs a terminal, and standard {name} is none; `lowrank read`")
    assert line.count("\n") == 1 and not (tmp_path / "home").exists()


def test_in_a_pipe_it_says_so_and_ends(tmp_path: Path) -> None:
    env = {**os.environ, "LOWRANK_HOME": str(tmp_path / "home"), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "tui"], input="q", capture_output=True, text=True, env=env, timeout=PATIENCE, check=False
    )
    assert (done.returncode, done.stdout) == (2, "") and "needs a terminal" in done.stderr


@pytest.mark.parametrize("words", OPENINGS, ids=lambda words: words[0] if words else "alone")
@pytest.mark.parametrize("kind", ["dumb", ""])
def test_a_terminal_that_cannot_show_it_is_told_what_can(
    words: list[str], kind: str, tmp_path: Path, opened: list[Opened]
) -> None:
    program = Opened(tmp_path / "home", *words, TERM=kind)
    opened.append(program)
    program.read()
    assert program.process.wait(PATIENCE) == 2
    assert b"TERM" in program.seen and b"`lowrank read`" in program.seen and b"\x1b" not in program.seen


@pytest.mark.parametrize("words", [[], ["lab"]], ids=["alone", "lab"])
def test_it_ends_when_its_terminal_goes_away(words: list[str], tmp_path: Path, opened: list[Opened]) -> None:
    """Its session has no controlling terminal, so that no signal tells it."""
    program = Opened(tmp_path / "home", *words)
    opened.append(program)
    program.read(until=b"Lowrank" if not words else b"lowrank")
    program.hang_up()
    assert program.process.wait(PATIENCE) == 128 + signal.SIGHUP


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_a_signal_ends_it_and_the_terminal_gets_its_screen_back(
    number: signal.Signals, tmp_path: Path, opened: list[Opened]
) -> None:
    program = Opened(tmp_path / "home")
    opened.append(program)
    program.read(until=b"Lowrank")
    program.process.send_signal(number)
    program.read()
    assert program.process.wait(PATIENCE) == 128 + number
    assert program.seen.rindex(b"\x1b[?1049l") > program.seen.rindex(b"\x1b[?1049h")
