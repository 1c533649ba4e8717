"""The command line: every capability without the screen, for scripts, SSH and screen readers.

Each command exits 0, 1 (it failed: one line on stderr says what, where and what to do) or 2 (wrong usage).
"""

import sys

import typer
from typer.exceptions import TyperException

from lab.errors import LabError
from lab.mlx_flags import old_flag
from tui.cli import (
    authoring,
    check,
    compare,
    data,
    doctor,
    fuse,
    generate,
    inspect,
    laboratory,
    plan,
    progress,
    run_notes,
    runs,
    sweep,
    train,
)
from tui.cli.common import note
from tui.home import home

app = typer.Typer(
    name="lowrank",
    help="A terminal classroom and laboratory for fine-tuning language models on MLX; alone, it opens the classroom.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
for module in (
    train,
    sweep,
    plan,
    runs,
    run_notes,
    generate,
    fuse,
    inspect,
    data,
    doctor,
    progress,
    laboratory,
    check,
    compare,
    authoring,
):
    module.register(app)


def main() -> int:
    """Run one command and return its exit code; every expected error becomes one line on stderr."""
    try:
        code = app(args=sys.argv[1:], prog_name="lowrank", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except LabError as error:
        _complain(str(error))
        return 2 if error.usage else 1
    except TyperException as error:
        told = old_flag(str(getattr(error, "option_name", "")))
        _complain(f"{error.format_message()}; {told or 'see `lowrank --help`'}")
        return 2
    except (KeyboardInterrupt, typer.Abort):
        return 130
    except BrokenPipeError:
        return 1
    except OSError as error:
        _complain(
            f"{error.filename or home()}: {error.strerror or error}; check the path, its permissions and free space"
        )
        return 1
    except Exception as error:
        from tui.crash import complain

        return complain(error)


def _complain(line: str) -> None:
    note(f"lowrank: {' '.join(line.split())}")
