"""`lowrank report`: a run, or a comparison, as Markdown with charts."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

import i18n
from lab.errors import LabError
from lab.paths import absolute
from lab.reports import markdown
from lab.reports.comparison import Comparison
from lab.runs import evaluation
from lab.runs.directory import Run
from tui.cli.common import Json, cache, runs, say, write
from tui.cli.completion import run_ids
from tui.cli.engine import run_job


def report(
    names: Annotated[
        list[str], Argument(metavar="RUN…", help="Run ids, their beginnings, paths, or `last`.", autocompletion=run_ids)
    ],
    output: Annotated[
        Path | None,
        Option(
            "--output", "-o", parser=absolute, metavar="FILE", help="The Markdown file; its charts stand beside it."
        ),
    ] = None,
    lang: Annotated[str, Option(help=f"The language: {', '.join(i18n.languages())}.")] = "en",
    measure: Annotated[bool, Option("--measure", help="First measure exact match where it is not known.")] = False,
    as_json: Json = False,
) -> int:
    """Write a run, or a comparison of several, as Markdown with SVG charts: figures, curves, answers, commands."""
    if lang not in i18n.languages():
        raise LabError(
            f"unknown language {lang!r}", where="--lang", remedy=f"give {' or '.join(i18n.languages())}", usage=True
        )
    if output is not None:
        markdown.check(output)
    found = [runs().get(name) for name in names]
    for run in _unknown(found) if measure else ():
        run_job(run, "evaluate", "--adapter-only")
    path = markdown.write(Comparison.of(found, cache()), Path(), lang, output)
    say({"path": str(path)}) if as_json else write(path)
    return 0


def _unknown(found: list[Run]) -> list[Run]:
    return [run for run in found if evaluation.read(run) is None]
