"""Whether mlx-lm takes a command line: its own parser is asked, and nothing is done."""

import argparse
import contextlib
import io
import sys
from collections.abc import Iterator, Sequence
from typing import NoReturn


class _Accepted(Exception):
    """The arguments were read; what would follow must not happen."""


class _Refused(Exception):
    """The parser's own words about what is wrong."""


def refusals(commands: Sequence[Sequence[str]]) -> list[str]:
    """For each command, such as ["mlx_lm", "lora", "--train"], why mlx-lm refuses it; "" where it does not."""
    return [_refusal(list(command)) for command in commands]


def _refusal(command: list[str]) -> str:
    from mlx_lm import cli

    name = " ".join(command[:2])
    with _ending_after_the_parser(command), contextlib.redirect_stdout(io.StringIO()):
        try:
            cli.main()
        except (_Accepted, SystemExit):
            return ""
        except _Refused as refusal:
            return f"{name}: {refusal}"
        except ImportError as error:
            return f"{name}: cannot be asked here: {error}"
        except ValueError as error:
            return f"{name}: {error}"
    return ""


@contextlib.contextmanager
def _ending_after_the_parser(command: list[str]) -> Iterator[None]:
    """mlx-lm's programs make their parser inside `main`, so each is begun, and ended as soon as that has spoken."""
    parser, before = argparse.ArgumentParser, sys.argv
    read, complain = parser.parse_args, parser.error

    def stop(self: argparse.ArgumentParser, *given: object, **named: object) -> NoReturn:
        read(self, *given, **named)
        raise _Accepted

    def refuse(self: argparse.ArgumentParser, message: str) -> NoReturn:
        raise _Refused(message)

    parser.parse_args, parser.error, sys.argv = stop, refuse, command  # type: ignore[method-assign]
    try:
        yield
    finally:
        parser.parse_args, parser.error, sys.argv = read, complain, before  # type: ignore[method-assign]
