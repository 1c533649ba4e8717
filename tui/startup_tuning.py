"""What Python itself costs, kept small: time between a key and its repaint, and memory that nobody needs."""

import gc
import os
import sys
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec

SWITCH = 0.0005
"""Seconds after which a thread that draws gives way to the screen; Python's own 5 ms come many times in one key."""

FRAMES = 120
"""Frames a second at most; what a key changed waits for the next of Textual's, of which there are else 60."""

ARENA_MAX = -8
"""malloc.h's M_ARENA_MAX: how many heaps there may be, where each thread would else have one of its own."""

_ours = False


def begin() -> None:
    """Collect nothing until `settle`: the process is the program's own, and it is to be quick now."""
    global _ours
    _ours = True
    gc.disable()
    os.environ.setdefault("TEXTUAL_FPS", str(FRAMES))
    sys.setswitchinterval(SWITCH)
    _glibc("mallopt", ARENA_MAX, 1)
    _without("ssl", "asyncio")
    if find_spec("_md5"):  # a Python may be built to have its hashes from OpenSSL alone
        _without("_hashlib", "hashlib", "hmac")


def _without(openssl: str, *modules: str) -> None:
    """Import modules that do without OpenSSL if they must: 8 MB, and this program never connects to anything."""
    if not {openssl, *modules} & sys.modules.keys():
        sys.modules[openssl] = None  # type: ignore[assignment]  # so importing it fails
        for module in modules:
            import_module(module)
        del sys.modules[openssl]


def settle() -> None:
    """What is alive now, such as screens, lessons and styles, is not looked through again until the next `settle`.

    To look through all of it takes 0.1 s, so it is done where a screen has just been opened. Does nothing in a process
    where nobody called `begin`, such as that of the tests.
    """
    if _ours:
        gc.unfreeze()  # or what was put away since, such as a form for a run, would stay too
        gc.collect()
        gc.freeze()
        gc.enable()
        _glibc("malloc_trim", 0)


def _glibc(name: str, *values: int) -> None:
    """Have the C library keep little memory that nobody uses; 7 MB. Others than glibc have no such calls."""
    if sys.platform == "linux":
        import ctypes

        with suppress(OSError, AttributeError):
            getattr(ctypes.CDLL(None), name)(*values)
