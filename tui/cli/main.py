"""The command line: every capability without the screen, for scripts, SSH and screen readers.

Each command exits 0, 1 (it failed: one line on stderr says what, where and what to do) or 2 (wrong usage).
"""

import errno
import sys
from importlib.metadata import version
from typing import Annotated

import typer
from typer import Option
from typer.exceptions import TyperException

from lab.errors import LabError
from tui.cli.command_group import command_group
from tui.cli.output import note, write
from tui.home import home

COMMANDS = (
    *("train", "resume", "stop", "sweep", "three-way", "plan"),
    *("runs", "note", "delete", "restore", "compare", "report"),
    *("evaluate", "generate", "inspect", "fuse"),
    *("data", "models", "doctor", "lab", "keys"),
    *("read", "progress", "new", "check", "preview", "mark-translated"),
)
OLD_NAMES = {"stamp": "mark-translated"}
"""Names of release 0.1; they go with the next one."""

app = command_group(
    "tui.cli",
    COMMANDS,
    OLD_NAMES,
    name="lowrank",
    help="A terminal classroom and laboratory for fine-tuning language models on MLX; alone, it opens the classroom.",
)


@app.callback(invoke_without_command=True)
def _version(
    show_version: Annotated[bool, Option("--version", help="Print the version and exit.")] = False,
) -> None:
    if show_version:
        write(f"lowrank {version('lowrank')}")
        raise typer.Exit(0)


def main() -> int:
    """Run one command and return its exit code; every expected error becomes one line on stderr."""
    try:
        code = app(args=sys.argv[1:], prog_name="lowrank", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except LabError as error:
        _complain(str(error))
        return 2 if error.usage else 1
    except TyperException as error:
        _complain(f"{error.format_message().rstrip('.')}; {_advice(error)}")
        return 2
    except (KeyboardInterrupt, typer.Abort):
        return 130
    except BrokenPipeError:
        return 1
    except OSError as error:
        _complain(f"{error.filename or home()}: {error.strerror or error}; {_remedy(error)}")
        return 1
    except Exception as error:
        from tui.crash import complain

        return complain(error)


def _advice(error: TyperException) -> str:
    """What to do about wrong usage: the flag's name of today, or where the help of that command is."""
    from lab.mlx_flags import old_flag

    if renamed := old_flag(str(getattr(error, "option_name", ""))):
        return renamed
    context = getattr(error, "ctx", None)
    return f"see `{context.command_path if context else 'lowrank'} --help`"


def _remedy(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return "free some space there"
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return "allow writing there, or set LOWRANK_HOME to another folder"
    return "check the path, its permissions and free space"


def _complain(line: str) -> None:
    note(f"lowrank: {' '.join(line.split())}")
