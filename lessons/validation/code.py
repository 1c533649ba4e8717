"""Code blocks: Python compiles, data parses, and every command is one that its program accepts."""

import json
import re
import shlex
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

import foreign
from lessons.validation.lesson_files import LoadedLesson, line_of, local
from lessons.validation.problems import Problem

SHELLS = ("bash", "sh", "shell", "zsh", "console")
OURS = ("lowrank", "mlx_lm")
OTHERS = frozenset(
    {"cat", "cd", "cp", "diff", "du", "echo", "export", "git", "grep", "head", "ls", "make", "mkdir", "mv"}
    | {"pip", "pwd", "python", "python3", "sort", "source", "tail", "unzip", "wc"}
)
"""Programs whose arguments nobody here can judge."""
_BREAKS = frozenset({"&&", "||", ";", "|", "&", "(", ")"})
_ARROWS = frozenset({">", ">>", "<"})

Command = tuple[Path, int, tuple[str, ...]]


def check_code(all_loaded: Sequence[LoadedLesson]) -> Iterator[Problem]:
    """All blocks of all lessons; the programs are asked once about all their commands."""
    commands: list[Command] = []
    for loaded in all_loaded:
        for entry in loaded.source("lesson.toml").toml().tables("code"):
            source, language = loaded.source("code", entry.text("file")), entry.text("language").lower()
            if language in SHELLS:
                for found in commands_in(source.file, source.text):
                    if isinstance(found, Problem):
                        yield found
                    else:
                        commands.append(found)
            else:
                yield from _parsed(source.file, source.text, language)
        commands += _with_gaps(loaded)
    if commands:
        answers = all_loaded[0].tools.commands([words for _, _, words in commands])
        for (file, line, _), why in zip(commands, answers, strict=True):
            if why:
                yield Problem(file, line, "command", why, "`--help` of the program says what it takes")


def _with_gaps(loaded: LoadedLesson) -> Iterator[Command]:
    """The command of every question about a flag, with each accepted spelling in its gap."""
    structure = loaded.source("lesson.toml")
    for question in loaded.lesson.questions:
        for spelling in question.gap.accepted if question.gap else ():
            near = ("[[questions]]", f'"{local(question.id)}"', "command")
            for found in commands_in(structure.file, question.gap.filled(spelling) if question.gap else ""):
                if not isinstance(found, Problem):
                    yield structure.file, line_of(structure, near), found[2]


def commands_in(file: Path, text: str) -> Iterator[Command | Problem]:
    """The commands of a shell block that a program of OURS is to judge, beginning with its name."""
    for line, whole in _whole_lines(text):
        try:
            lexer = shlex.shlex(whole, posix=True, punctuation_chars=True)
            lexer.whitespace_split = True
            words = list(lexer)
        except ValueError as error:
            yield Problem(file, line, "command", f"no shell can read this: {error}", "close the quotes")
            continue
        for command in _commands(words):
            program, *rest = _named(command)
            if program in OURS:
                yield file, line, (program, *rest)
            elif program not in OTHERS:
                what = f"nobody can say whether {program!r} is a command"
                yield Problem(
                    file, line, "command", what, f"use {', '.join(OURS)} or a common tool; no prompt before it"
                )


def _whole_lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines with those that a backslash joins to them, and the number of the first."""
    start, held = 0, ""
    for number, line in enumerate(text.split("\n"), 1):
        start = start if held else number
        if line.endswith("\\"):
            held += line[:-1] + " "
            continue
        yield start, held + line
        held = ""
    if held:
        yield start, held


def _commands(words: Sequence[str]) -> Iterator[list[str]]:
    command: list[str] = []
    skip = False
    for word in (*words, ";"):
        if skip or word in _ARROWS:
            skip = word in _ARROWS
        elif word in _BREAKS:
            if command:
                yield command
            command = []
        elif command or not re.fullmatch(r"[A-Za-z_]\w*=.*", word):
            command.append(word)


def _named(command: list[str]) -> list[str]:
    """`python -m mlx_lm …`, `mlx_lm.lora …` and `python -m tui …` are other names of our two programs."""
    if command[0] in ("python", "python3") and command[1:2] == ["-m"] and len(command) > 2:
        command = ["lowrank" if command[2] == "tui" else command[2], *command[3:]]
        if command[0].partition(".")[0] not in OURS:
            return ["python"]
    head, dot, tail = command[0].partition(".")
    return [head, tail, *command[1:]] if dot and head == "mlx_lm" else command


def _parsed(file: Path, text: str, language: str) -> Iterator[Problem]:
    try:
        match language:
            case "python" | "py":
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    compile(text, str(file), "exec", dont_inherit=True)
            case "json":
                json.loads(text)
            case "toml":
                foreign.from_toml(text)
            case "yaml" | "yml":
                foreign.from_yaml(text)
            case "jsonl":
                for number, line in enumerate(text.rstrip("\n").split("\n"), 1):
                    yield from _row(file, number, line)
    except SyntaxError as error:
        yield Problem(file, error.lineno or 1, "code", f"is not Python: {error.msg}", "mend it")
    except json.JSONDecodeError as error:
        yield Problem(file, error.lineno, "code", f"is not JSON: {error.msg}", "mend it")
    except (RecursionError, MemoryError):
        yield Problem(
            file, 1, "code", f"is not {language.upper()} that can be read: it is nested too deeply", "mend it"
        )
    except ValueError as error:
        place = re.search(r"line (\d+)", str(error))
        number = int(place[1]) if place else 1
        yield Problem(file, number, "code", f"is not {language.upper()}: {_why(error)}", "mend it")


def _why(error: ValueError) -> str:
    return " ".join(str(error).removeprefix("is not YAML: ").split())


def _row(file: Path, number: int, line: str) -> Iterator[Problem]:
    try:
        json.loads(line)
    except json.JSONDecodeError as error:
        yield Problem(file, number, "code", f"is not JSON: {error.msg}", "mend it")
    except (ValueError, RecursionError):
        yield Problem(file, number, "code", "is not JSON that can be read", "mend it")
