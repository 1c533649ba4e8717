"""A run, or several held against each other, as Markdown that reads well on GitHub and in a plain editor.

The charts are SVG files beside it, since GitHub shows neither SVG written into Markdown nor data URIs; none of them
asks for anything from outside, so the few files can be moved and sent as they are.
"""

import os
import re
import shlex
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final

import yaml

import i18n
from lab import outputs, units
from lab.errors import LabError
from lab.events.schema import Answer
from lab.paths import shown
from lab.reports import svg
from lab.reports.comparison import Comparison, Contender, curve_of, mean_and_band, plain, shared
from lab.sanitize import inert
from lab.score import same

Lang = str
Say = Callable[..., str]
"""A text of the catalogue by its key, in the language of the report."""

SPECIAL: Final = re.compile(r"([\\`*\[\]#|~$]|(?<![^\W_])_|_(?![^\W_]))")
"""What is markup within a line; an underscore is none within a word."""
OPTION: Final = "--output"
MOST: Final = 400
"""Characters of an answer, at most."""


def write(comparison: Comparison, folder: Path, lang: Lang = "en", file: Path | None = None) -> Path:
    """Write the report and its charts into `folder`, under a name that is still free, or as `file`; the path of it.

    Raises OSError, and LabError rather than replace a file that is no report, or one that somebody wrote in.
    """
    target = file or _free(folder, f"{datetime.now():%Y%m%d-%H%M%S}-{_stem(comparison)}")
    check(target)
    text, charts = build(comparison, target.stem, lang)
    for name in charts:
        outputs.check_text(target.parent / name, OPTION)
    for name, chart in charts.items():
        outputs.write_text(target.parent / name, chart)
    outputs.write_text(target, text)
    for each in comparison.contenders:
        with suppress(OSError):  # a lesson asks whether a run was written about
            each.run.reported.write_bytes(os.fsencode(target.absolute()))
    return target


def check(file: Path) -> None:
    """Raise LabError unless a report may be written there."""
    if file.suffix.lower() not in (".md", ".markdown"):
        raise LabError("is no name of a Markdown file", where=str(file), remedy="let it end in .md", usage=True)
    outputs.check_text(file, OPTION)


def build(comparison: Comparison, stem: str, lang: Lang = "en") -> tuple[str, dict[str, str]]:
    """The Markdown, and the charts it shows by their file names, which begin with `stem`."""
    say = partial(i18n.text, lang)
    charts = {}
    for kind in ("validation", "train"):
        curves = _curves(comparison, kind, say)
        if any(curve.points for curve in curves):
            charts[f"{stem}-{kind}.svg"] = svg.chart(curves, say(f"report.{kind}-curve"), say("report.iteration"))
    several = len(comparison.contenders) > 1
    data = ", ".join(dict.fromkeys(shown(each.spec.data) for each in comparison.contenders))
    title = say("report.on", methods=", ".join(dict.fromkeys(comparison.labels)), data=data)
    parts = [f"# {text(title)}", say("report.written", when=f"{datetime.now():%Y-%m-%d %H:%M}")]
    parts += [f"> **!** {_doubt(each.kind, each.what, say)}" for each in comparison.doubts()]
    if several:
        parts += [f"## {say('report.differs')}", _differences(comparison, say)]
    parts += [f"## {say('report.reached')}", _figures(comparison, say), say("report.losses")]
    if charts:
        parts.append(f"## {say('report.curves')}")
        parts += [f"![{say(f'report.{name[len(stem) + 1 : -4]}-curve')}]({_link(name)})" for name in charts]
    if answers := _answers(comparison, say):
        parts += [f"## {say('report.answers')}", *answers]
    commands = [shlex.join(each.spec.command()) for each in comparison.contenders]
    parts += [f"## {say('report.again')}", fenced("\n".join(inert(command) for command in commands), "sh")]
    parts += [f"## {say('report.spec' if several else 'report.spec-one')}", fenced(_alike(comparison), "yaml")]
    return "\n\n".join(parts) + "\n", charts


def text(foreign: object) -> str:
    """Foreign text as one line of Markdown that says it and does nothing: no link, picture, tag, table or emphasis."""
    escaped = SPECIAL.sub(r"\\\1", inert(foreign).replace("&", "&amp;").replace("<", "&lt;"))
    return re.sub(r"(?i)(www\.|https?:|ftp:|mailto:|@)", lambda found: found[0] + "&#8203;", escaped)


def code(foreign: object) -> str:
    """Foreign text as inline code, with more backticks around it than it has within; also in a table's cell."""
    plainly = inert(foreign)[:MOST] or " "
    marks = "`" * (1 + max((len(found) for found in re.findall("`+", plainly)), default=0))
    return f"{marks} {plainly} {marks}".replace("|", "\\|")


def fenced(foreign: str, language: str) -> str:
    """Foreign text of several lines as a block of code that it cannot end."""
    marks = "`" * max(3, 1 + max((len(found) for found in re.findall("`+", foreign)), default=0))
    return f"{marks}{language}\n{foreign.rstrip()}\n{marks}"


def _table(rows: Sequence[Sequence[str]], right: bool = True) -> str:
    rule = ["---", *(["--:" if right else "---"] * (len(rows[0]) - 1))]
    return "\n".join("| " + " | ".join(row) + " |" for row in [rows[0], rule, *rows[1:]])


def _differences(comparison: Comparison, say: Say) -> str:
    differing = comparison.differs | comparison.shown_otherwise
    if not differing:
        return say("report.nothing")
    rows = [[say("report.field"), *(text(label) for label in comparison.labels)]]
    return _table(
        rows
        + [
            [text(name), *(text(plain(name, value, say("run.all"))) for value in values)]
            for name, values in differing.items()
        ]
    )


def _figures(comparison: Comparison, say: Say) -> str:
    """Turned on its side: a row for each figure, since three runs are common and thirteen columns do not fit."""
    rows = [[say("report.run"), *(text(label) for label in comparison.labels)]]
    for key in ("method", "base", "state", "iterations", "best", "val", "train", "match", "pace", "memory", "trainable",
                "adapter"):  # fmt: skip
        cells = [_figure(each, base, key, say)
                 for each, base in zip(comparison.contenders, comparison.bases, strict=True)]  # fmt: skip
        rows.append([say(f"report.{key}"), *(text(cell) for cell in cells)])
    rows.append(["id", *(code(each.run.id) for each in comparison.contenders)])
    return _table(rows)


VALUES: Final = {"iterations": "iterations", "best": "best_val_loss", "val": "val_loss", "train": "train_loss",
                 "match": "exact_match", "pace": "seconds_per_iteration", "memory": "peak_memory_bytes",
                 "trainable": "trainable_parameters", "adapter": "adapter_bytes"}  # fmt: skip
"""What stands in the rows of figures, by the comparison's names."""


def _figure(each: Contender, base: str, key: str, say: Say) -> str:
    """A cell of a row: a figure, or why there is none."""
    told = _told(each, base, key, say)
    return say(f"report.missing.{each.missing(VALUES[key])}") if told == units.NOTHING and key in VALUES else told


def _told(each: Contender, base: str, key: str, say: Say) -> str:
    match key:
        case "method":
            return each.method
        case "base":
            return base
        case "state":
            return say(f"report.state.{each.state}")
        case "best":
            loss, at = each.value("best_val_loss"), each.value("best_iteration")
            return say("report.at", loss=units.loss(loss), iteration=f"{at:.0f}") if at is not None else units.NOTHING
        case "match":
            share = each.value("exact_match")
            told = units.percent(share, 1)
            return say("report.of", share=told, n=(each.score or {}).get("examples")) if share is not None else told
        case "pace":
            seconds = each.value("seconds_per_iteration")
            return units.per_iteration(1 / seconds if seconds else None)
    form = {"iterations": units.count, "val": units.loss, "train": units.loss, "trainable": units.parameters}
    return form.get(key, units.size)(each.value(VALUES[key]))


def _curves(comparison: Comparison, kind: str, say: Say) -> list[svg.Curve]:
    found: list[svg.Curve] = []
    measured = kind == "validation"  # the training loss is smoothed
    for group in comparison.seeds():
        curves = [curve_of(comparison.contenders[at], kind, "iteration") for at in group]
        mean, band = mean_and_band(curves) if len(group) > 1 else ([], [])
        if mean:
            name = say("report.seeds", name=comparison.contenders[group[0]].method, count=len(group))
            found.append(svg.Curve(name, mean, band, shared(mean, curves) if measured else ()))
        else:
            found += [svg.Curve(comparison.labels[at], curve, (), curve if measured else ())
                      for at, curve in zip(group, curves, strict=True)]  # fmt: skip
    return found


def _answers(comparison: Comparison, say: Say) -> list[str]:
    told = [each.answers()[1] for each in comparison.contenders]
    questions = dict.fromkeys((a.prompt, a.expected) for answered in told for a in answered)
    found = []
    for prompt, expected in questions:
        rows = [["", say("report.question"), code(prompt)]]
        if isinstance(expected, str):
            rows.append(["", say("report.expected"), code(expected)])
        for label, answered in zip(comparison.labels, told, strict=True):
            said = next((a for a in answered if a.prompt == prompt), None)
            if said is not None:
                rows.append([_sign(said, expected, say), text(label), code(said.text)])
        found.append(_table([["", "", ""], *rows], right=False))
    return found


def _sign(said: Answer, expected: object, say: Say) -> str:
    if not isinstance(expected, str):
        return ""
    return f"✓ {say('report.right')}" if same(said.text, expected) else f"✗ {say('report.wrong')}"


def _doubt(kind: str, what: Sequence[str], say: Say) -> str:
    return say(f"report.doubt.{kind}", what=text(", ".join(what)))


def _alike(comparison: Comparison) -> str:
    """The fields of mlx-lm's YAML, and ours, that all the runs share."""
    differing = comparison.differs | comparison.shown_otherwise
    fields = comparison.contenders[0].fields
    shared = {name: value for name, value in fields.items() if name not in differing and value is not None}
    dumped = yaml.safe_dump(shared, sort_keys=False, allow_unicode=False)
    return "\n".join(inert(line) for line in dumped.splitlines())


def _stem(comparison: Comparison) -> str:
    """What a report is called: of one run its id, of several their methods."""
    if len(comparison.contenders) == 1:
        return re.sub(r"[^\w.-]+", "-", comparison.contenders[0].run.id)
    methods = dict.fromkeys(each.method.lower() for each in comparison.contenders)
    return "-".join(list(methods)[:4])


def _free(folder: Path, stem: str) -> Path:
    number, path = 1, folder / f"{stem}.md"
    while path.exists():
        number += 1
        path = folder / f"{stem}-{number}.md"
    return path


def _link(name: str) -> str:
    """A file name as the address of a picture."""
    from urllib.parse import quote

    return quote(os.fsencode(name))
