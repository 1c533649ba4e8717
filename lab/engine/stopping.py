"""Being asked to stop, at any moment of the engine's life: while it waits, loads or trains."""

import signal
from typing import Any

# A plain flag, because a handler runs in the middle of anything and must not wait for a lock.
_asked = False


def listen() -> None:
    """From now on SIGTERM and Ctrl-C ask; whoever works looks at `asked` when it can stop. Main thread only."""
    signal.signal(signal.SIGTERM, ask)
    signal.signal(signal.SIGINT, ask)


def asked() -> bool:
    """Whether somebody has asked."""
    return _asked


def ask(*_: Any) -> None:
    """Ask, as a signal or from another thread of this process."""
    global _asked
    _asked = True
