"""Chat templates are programs of whoever made the model, in a sandbox that keeps them in but lets them run for ever.

So each rendering gets some seconds of processor time and a length, and where the system can, little memory.
"""

import resource
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final

import psutil

from lab.errors import LabError

SECONDS: Final = 10.0
"""Of processor time for one chat; a long one takes some hundredths."""
LONGEST: Final = 16 << 20
"""Characters of one chat as the template writes it."""
MEMORY: Final = 2 << 30
"""Bytes that may be added while templates work."""


def render(tokenizer: Any, chat: Sequence[Any], **options: Any) -> str:
    """The chat as the tokenizer's template writes it. Raises LabError if it takes too long or writes too much, and
    whatever the template raises."""
    try:
        with _deadline():
            text = str(tokenizer.apply_chat_template(list(chat), tokenize=False, **options))
    except (_TooLong, MemoryError) as error:
        what = f"{SECONDS:.0f} s" if isinstance(error, _TooLong) else f"{MEMORY >> 30} GB of memory"
        raise _endless(f"more than {what}") from None
    if len(text) > LONGEST:
        raise _endless(f"more than {LONGEST:,} characters")
    return text


@contextmanager
def little_memory() -> Iterator[None]:
    """Within, this process may not grow much: a template that asks for more gets MemoryError. Nothing on macOS."""
    if sys.platform != "linux":
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = psutil.Process().memory_info().vms + MEMORY
    if soft != resource.RLIM_INFINITY:
        limit = min(limit, soft)
    try:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


class _TooLong(Exception):
    pass


def _endless(what: str) -> LabError:
    return LabError(f"the model's chat template takes {what} for one chat", where="chat_template",
                    remedy="mend or replace the template, or take another model")  # fmt: skip


@contextmanager
def _deadline() -> Iterator[None]:
    """Raise _TooLong in the midst of the block when its time is over; signals are the main thread's."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def over(*_: Any) -> None:
        raise _TooLong

    before = signal.signal(signal.SIGPROF, over)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
