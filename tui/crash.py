"""What nobody foresaw: one line for people, and the details in a file that can be sent to us."""

import os
import sys
import tempfile
import traceback
from datetime import datetime
from pathlib import Path

FILE = "crash.log"


def complain(error: Exception) -> int:
    """Say it on stderr, after writing the details, which may not be possible; the exit status."""
    from tui.cli.output import note

    what = " ".join(str(error).split())[:200]
    line = f"lowrank: something went wrong that should not have ({type(error).__name__}{f': {what}' if what else ''})"
    place = _kept(error)
    note(f"{line}; the details are in {place}, please report them" if place else line)
    return 1


def _kept(error: BaseException) -> Path | None:
    """Where the traceback was written, in place of an older one, or None where nothing can be written."""
    from tui.home import home

    lines = traceback.format_exception(error, limit=-50)
    told = f"{datetime.now().astimezone().isoformat()}  lowrank {' '.join(sys.argv[1:])}\n{''.join(lines)}"
    for folder in (home(), Path(tempfile.gettempdir()) / f"lowrank-{os.getuid()}"):
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            path = folder / FILE
            path.unlink(missing_ok=True)  # a link that somebody left there must not be followed
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
                file.write(told)
            return path
        except OSError:
            continue
    return None
