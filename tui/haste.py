"""What Python itself does between a key and its repaint, kept short: collecting garbage, and giving way to threads."""

import gc
import sys

SWITCH = 0.0005
"""Seconds after which a thread that draws gives way to the screen; Python's own 5 ms come many times in one key."""

_ours = False


def begin() -> None:
    """Collect nothing until `settle`: the process is the program's own, and it is to be quick now."""
    global _ours
    _ours = True
    gc.disable()
    sys.setswitchinterval(SWITCH)
    _asyncio_without_ssl()


def _asyncio_without_ssl() -> None:
    """asyncio would load OpenSSL for connections, which this program never makes; it then does without."""
    if not {"asyncio", "ssl"} & sys.modules.keys():
        sys.modules["ssl"] = None  # type: ignore[assignment]  # so importing it fails
        import asyncio  # noqa: F401

        del sys.modules["ssl"]


def settle() -> None:
    """What is alive now, such as screens, lessons and styles, stays for good and is never looked through again.

    A collection that looks through all of it takes 0.1 s. Does nothing in a process where nobody called `begin`, such
    as that of the tests.
    """
    if _ours:
        gc.collect()
        gc.freeze()
        gc.enable()
