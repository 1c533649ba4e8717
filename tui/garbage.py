"""Python's garbage collector, kept from coming between a key and its repaint: a whole collection takes 0.1 s."""

import gc

_ours = False


def defer() -> None:
    """Collect nothing until `settle`: the process is the program's own, and it is to be quick now."""
    global _ours
    _ours = True
    gc.disable()


def settle() -> None:
    """What is alive now, such as screens, lessons and styles, stays for good and is never looked through again.

    Does nothing in a process where nobody called `defer`, such as that of the tests.
    """
    if _ours:
        gc.collect()
        gc.freeze()
        gc.enable()
