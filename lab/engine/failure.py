"""An exception in the words of the person who has to mend it."""

import errno
import traceback
from pathlib import Path

from lab.error_diagnosis import DISK, MEMORY, find_cause
from lab.errors import LabError
from lab.events.schema import Reason

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def explain(error: BaseException, run: Path | None = None) -> Reason:
    """Any error as a reason; one that Python raised is printed with its traceback, which the log keeps."""
    if isinstance(error, LabError):
        return Reason(what=error.what, where=error.where, remedy=error.remedy)
    if isinstance(error, MemoryError):
        return Reason(what="out of memory", where="", remedy=MEMORY)
    if isinstance(error, OSError):
        where = str(error.filename or run or "")
        if error.errno in FULL:
            return Reason(what="the disk is full, or a quota is used up", where=where, remedy=DISK)
        if error.errno == errno.ENOMEM:
            return Reason(what="out of memory", where="", remedy=MEMORY)
        remedy = "check the path, its permissions and free space"
        return Reason(what=error.strerror or str(error), where=where, remedy=remedy)
    traceback.print_exception(error)
    log = str(run / "log.txt") if run else ""
    if isinstance(error, ImportError):
        return Reason(what=f"the engine cannot be imported ({error})", where=log, remedy="run `lowrank doctor`")
    cause = find_cause(f"{type(error).__name__}: {error}")
    if cause:
        return Reason(what=f"{cause.what} ({_line(error)})", where=log, remedy=cause.remedy)
    remedy = "the whole story is at the end of that file" if log else ""
    return Reason(what=f"{type(error).__name__}: {_line(error)}", where=log, remedy=remedy)


def _line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return text if len(text) <= 200 else f"{text[:199]}…"
