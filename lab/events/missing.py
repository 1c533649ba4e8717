"""Why a figure of a run is missing: it is not read yet, it will come, there is none, or nobody knows it. Pure."""

from enum import StrEnum
from typing import Literal

from lab.events.progress import RunProgress
from lab.units import NOTHING


class Missing(StrEnum):
    """What stands where a figure would."""

    UNREAD = "unread"
    """The events are still being read."""
    NOT_YET = "not-yet"
    """The run has not come to it."""
    NONE = "none"
    """There is nothing to measure it on, or the run ended before."""
    UNKNOWN = "unknown"
    """It happened, and no number was told."""


SIGNS = {Missing.UNREAD: "…", Missing.NOT_YET: "…", Missing.NONE: NOTHING, Missing.UNKNOWN: "?"}
"""Where there is no room for the words."""

Kind = Literal["training", "validation", "best", "samples"]


def why(kind: Kind, progress: RunProgress, *, ended: bool, unread: bool = False) -> Missing:
    """Why there is no figure of this kind.

    The engine validates and answers before the first iteration: a run that has trained and did neither does it never.
    """
    trained = bool(progress.report)
    if kind == "training":
        happened, never = trained, ended
    elif kind == "validation":
        happened, never = progress.validated, trained or ended
    elif kind == "best":  # of a trained model, which the first validation is not
        happened, never = False, ended or (trained and not progress.validated)
    else:
        happened, never = False, trained or ended
    if happened:
        return Missing.UNKNOWN
    return Missing.UNREAD if unread else Missing.NONE if never else Missing.NOT_YET
