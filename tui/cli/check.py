"""`lowrank check`: everything that is wrong with a course, the same while one writes and in CI."""

import contextlib
import functools
import io
import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer import Argument, Option
from typer.exceptions import TyperException

from lab.errors import LabError
from tui.cli.common import Json, cache, course_of, note, say, write

if TYPE_CHECKING:
    from lessons.course import Exercise, Prediction, Selection, Trial
    from lessons.validation.lesson_files import Tools


def check(
    folder: Annotated[
        Path | None, Argument(metavar="[FOLDER]", help="A course, a track or a lesson (default: the bundled course).")
    ] = None,
    add_ids: Annotated[
        bool, Option("--add-ids", help="Write the new ids of published lessons into the list of ids, for good.")
    ] = False,
    as_json: Json = False,
) -> int:
    """Check a course: every problem with file, line and what to do; exit 1 if there is an error among them."""
    from lessons.validation.course import check_course
    from lessons.validation.ids import FILE
    from lessons.validation.ids import add_ids as add

    root, below = course_of(folder)
    report = check_course(root, tools())
    if add_ids:
        new = add(root, [each.lesson for each in report.loaded])
        note(f"{len(new):,} ids added to {root / FILE}")
        report = check_course(root, tools()) if new else report
    problems = [p for p in report.problems if p.file.is_relative_to(below) or p.file == root / FILE]
    errors = sum(problem.severity == "error" for problem in problems)
    warnings = len(problems) - errors
    if as_json:
        rows = [problem.as_json() for problem in problems]
        say({"course": str(root), "errors": errors, "warnings": warnings, "problems": rows})
        return 1 if errors else 0
    for problem in problems:
        write(problem)
    lessons = sum(each.folder.is_relative_to(below) for each in report.loaded)
    note(f"{_many(lessons, 'lesson')}, {_many(errors, 'error')}, {_many(warnings, 'warning')}")
    return 1 if errors else 0


def tools(ask_mlx_lm: bool = True) -> "Tools":
    """What the check needs of the lab and of the programs that lessons speak of; mlx-lm costs an engine process."""
    from lessons.validation.lesson_files import Tools

    return Tools(_shape, _trial, _data if ask_mlx_lm else lambda _: None, refusals if ask_mlx_lm else _our_refusals)


def _our_refusals(commands: Sequence[tuple[str, ...]]) -> list[str]:
    return [_lowrank(words[1:]) if words[0] == "lowrank" else "" for words in commands]


def _shape(exercise: "Exercise", step: "Prediction | Selection") -> Mapping[str, int]:
    from tui.exercises.measurements import shape_for

    try:
        return shape_for(exercise, step, cache())
    except LabError as error:
        raise ValueError(str(error)) from None


def _trial(trial: "Trial") -> Mapping[str, float]:
    from tui.exercises.measurements import known_before

    try:
        return known_before(trial, cache())
    except LabError as error:
        raise ValueError(str(error)) from None


@functools.cache
def _data(name: str) -> Mapping[str, float]:
    from tui.cli.engine import ask
    from tui.exercises.measurements import counted

    return counted(ask("data", name, "--keep", "1", log=cache() / "check.log"))


def refusals(commands: Sequence[tuple[str, ...]]) -> list[str]:
    """For each command line why its program refuses it; "" where it does not. mlx-lm is asked in the engine."""
    theirs = [list(words) for words in commands if words[0] != "lowrank"]
    answers = iter(_mlx_lm(theirs)) if theirs else iter(())
    return [_lowrank(words[1:]) if words[0] == "lowrank" else next(answers) for words in commands]


def _lowrank(words: Sequence[str]) -> str:
    """What our own parser says; the command itself is not carried out."""
    command, rest = _program(), list(words)
    if rest in ([], ["--version"], ["--install-completion"], ["--show-completion"]):
        return ""
    name, context = "lowrank", None
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            context = command.make_context(name, rest)
            while isinstance(command, typer.core.TyperGroup):
                rest = [*context._protected_args, *context.args]
                if not rest:
                    return f"{name} needs a command"
                found, inner, rest = command.resolve_command(context, rest)
                assert found is not None and inner is not None  # resolve_command raises for an unknown command
                name, command = f"{name} {found}", inner
                context = command.make_context(found, rest, parent=context)
    except typer.Exit:
        return ""
    except TyperException as error:
        return f"{name}: {error.format_message()}"
    except LabError as error:
        return f"{name}: {error}"
    return ""


@functools.cache
def _program() -> Any:
    """Our own command line, put together once."""
    from typer.main import get_command

    from tui.cli.main import app

    command = get_command(app)
    for option in command.params:  # those about completion would be carried out while they are read
        option.callback = None
    return command


def _mlx_lm(commands: list[list[str]]) -> list[str]:
    from tui.cli.engine import ask

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "commands.json"
        file.write_text(json.dumps(commands), encoding="utf-8")
        answer = ask("commands", str(file), log=cache() / "check.log")
    refused: list[str] = answer["refusals"]
    return refused


def _many(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"
