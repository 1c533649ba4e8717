"""The terminal that the screen is drawn on: whether there is one, and what happens when it goes away."""

import os
import signal
import sys
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tui.app import LowrankApp

INSTEAD: Final = "`lowrank read` prints the lessons, `lowrank --help` lists all that works without a screen"
GRACE: Final = 5.0
"""Seconds that the program has to end by itself after its terminal went away."""


def refusal() -> str:
    """Why the screen cannot be shown here, and what to use instead; "" where it can."""
    if os.environ.get("TEXTUAL_DRIVER"):  # somebody serves the screen in another way, for example to a browser
        return ""
    streams = {"standard input": sys.stdin, "standard output": sys.stdout, "standard error": sys.stderr}
    for name, stream in streams.items():
        if stream is None or not stream.isatty():
            return f"the screen needs a terminal, and {name} is none; {INSTEAD}"
    kind = os.environ.get("TERM", "")
    if kind in ("", "dumb"):
        told = f"a terminal of the kind {kind!r} (TERM)" if kind else "a terminal of unknown kind (TERM is not set)"
        return f"the screen cannot be drawn on {told}; {INSTEAD}"
    return ""


def require() -> None:
    """Raises LabError where the screen cannot be shown."""
    if told := refusal():
        from lab.errors import LabError

        raise LabError(told, usage=True)


def show(app: "LowrankApp") -> int:
    """Run the app until its learner ends it or its terminal goes away; the exit status.

    Raises what ended it if nobody had foreseen that; the terminal is then as it was before.
    """
    import asyncio

    return asyncio.run(_show(app))


async def _show(app: "LowrankApp") -> int:
    import asyncio
    from threading import Thread

    loop = asyncio.get_running_loop()
    for number in (signal.SIGHUP, signal.SIGTERM):
        loop.add_signal_handler(number, _end, app, number)
    Thread(target=_watch, name="terminal", daemon=True).start()
    await app.run_async()
    if app.failure is not None:
        raise app.failure
    return app.return_code or 0


def _end(app: "LowrankApp", number: int) -> None:
    """Keep the place in the text and end; a terminal that is still there gets back what it showed before."""
    if _gone():  # Textual would wait for ever until it takes what is written to it
        app.lesson_screen.keep_place()
        os._exit(128 + number)
    app.end(128 + number)


def _watch() -> None:
    """Wait until the terminal goes away without a word: only the one that controls the process sends SIGHUP."""
    if _gone(wait=True):
        os.kill(os.getpid(), signal.SIGHUP)
        time.sleep(GRACE)
        os._exit(128 + signal.SIGHUP)


def _gone(wait: bool = False) -> bool:
    """Whether nobody holds the other end of the terminal any more; `wait`: as soon as that is so.

    False where the system cannot tell: macOS does not poll terminals.
    """
    import select

    if not hasattr(select, "poll"):
        return False
    poll = select.poll()
    poll.register(0, 0)
    return any(event & (select.POLLHUP | select.POLLERR) for _, event in poll.poll(None if wait else 0))
