"""What keeps the screen quick: when Python collects garbage, and how often Textual draws."""

import gc
import os

FRAMES_PER_SECOND = 120
"""Textual draws what a key changed at its next frame; by itself it makes 60 a second."""

_begun = False


def begin() -> None:
    """Collect no garbage until `settle`: up to the first frame, hardly anything that is made is thrown away.

    For the process of the program alone; nothing is changed in the process of the tests.
    """
    global _begun
    _begun = True
    gc.disable()
    os.environ.setdefault("TEXTUAL_FPS", str(FRAMES_PER_SECOND))


def settle() -> None:
    """Collect garbage now, and let later collections skip what is alive: screens, lessons and styles.

    To look through all of it takes 0.1 s. So it is done where a screen has just been opened. Does nothing in a process
    where nobody called `begin`.
    """
    if _begun:
        gc.unfreeze()  # or what was frozen before and is dead by now, such as a form, would stay for ever
        gc.collect()
        gc.freeze()
        gc.enable()
