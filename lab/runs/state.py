"""The states of a run, each list of them once; light, since the first frame imports it."""

from typing import Final

ENDED: Final = ("finished", "stopped", "failed")
"""Ended with a last word, which is called the same."""
GOING: Final = ("waiting", "running", "stopping")
"""An engine works on it, or will."""
OVER: Final = (*ENDED, "lost")
"""Nobody works on it; "lost" is one that nobody spoke for."""
ADAPTED: Final = ("finished", "stopped")
"""Over, with what was learned kept."""
AGAIN: Final = ("stopped", "failed", "lost")
"""Over, and can go on."""
