"""`lowrank data check`: every problem of a data set, before it is trained on."""

from pathlib import Path
from typing import Annotated, Any

from typer import Argument, Option

from lab.datasets.check.folder import find_files
from lab.datasets.check.problems import TITLES
from lab.datasets.find import is_bundled
from lab.datasets.formats import split_command
from lab.errors import LabError
from lab.models.find import find_model
from lab.paths import shown
from tui.cli.common import Json, Status, cache, note, say, write
from tui.cli.completion import data_names, model_names
from tui.cli.engine import ask
from tui.cli.histogram import spark
from tui.cli.hub_fetch import fetch_data

WIDTH = 80
SLOW = 1.0  # seconds after which a terminal is told how far the work is
SHOWN, LISTED = 20, 1000  # problems a kind, for people and for scripts


def check(
    path: Annotated[
        str,
        Argument(
            metavar="PATH",
            help="Folder with train.jsonl and others, one file, a bundled name, or a hub id.",
            autocompletion=data_names,
        ),
    ],
    model: Annotated[
        str, Option(help="Base whose tokenizer and chat template to use.", autocompletion=model_names)
    ] = "sprout",
    max_seq_length: Annotated[int, Option(help="Tokens a row is cut to.")] = 2048,
    mask_prompt: Annotated[
        bool | None,
        Option("--mask-prompt/--no-mask-prompt", help="Learn from answers only (default: where there are prompts)."),
    ] = None,
    show: Annotated[
        int | None, Option(help=f"Problems to list of each kind, 0 for all ({SHOWN}; with --json {LISTED}).")
    ] = None,
    as_json: Json = False,
) -> int:
    """Check a data set: every problem with file, line and reason; exit 1 if training would trip on one."""
    if max_seq_length < 8:
        raise LabError(f"must be at least 8 (got {max_seq_length})", where="--max-seq-length", usage=True)
    if show is not None and show < 0:
        raise LabError(f"must be at least 0 (got {show})", where="--show", usage=True)
    place = path if is_bundled(path) or Path(path).expanduser().exists() else fetch_data(path)
    find_files(place)
    find_model(model, cache())
    keep = show if show is not None else LISTED if as_json else SHOWN
    options = [f"--model={model}", "--max-seq-length", str(max_seq_length), "--keep", str(keep)]
    if mask_prompt is not None:
        options.append("--mask-prompt" if mask_prompt else "--no-mask-prompt")
    with Status(SLOW) as status:

        def progress(event: dict[str, Any]) -> None:
            share = event["done"] / event["total"] if event["total"] else 1.0
            status.show(f"{event['stage']:<6}{event['rows']:>12,} rows {share:>5.0%}")

        report = ask("data", place, *options, log=cache() / "data-check.log", progress=progress)
    errors = report["errors"]
    if as_json:
        say({key: value for key, value in report.items() if key != "event"})
    else:
        write(*describe(report))
    if errors:
        note(f"lowrank: {path}: {_many(errors, 'problem')} that training would trip on; mend or remove the rows")
    return 1 if errors else 0


def describe(report: dict[str, Any]) -> list[str]:
    """The report in lines made for 80 cells; a long reason runs on, for the terminal to wrap."""
    splits = {name: split for name, split in report["splits"].items() if split["rows"]}
    lines = [f"{shown(report['path'])}, read with the tokenizer of {report['model']}"]
    for name, split in splits.items():
        lines += ["", *_split(name, split, report["mask_prompt"])]
    train = report["splits"]["train"]
    if train["sound"] and not report["splits"]["valid"]["rows"]:
        command = split_command(shown(report["path"]))
        lines += ["", f"valid   no rows: training would go on without validation; `{command}` sets some aside"]
    kinds = [kind for kind in TITLES if kind in report["counts"]]
    for kind in kinds:
        count = report["counts"][kind]
        found = [p for p in report["problems"] if p["kind"] == kind]
        lines += ["", f"{'error' if found[0]['severity'] == 'error' else 'warning'}: {TITLES[kind]} ({count:,})"]
        lines += [f"  {p['file']}{':' if p['line'] else ''}{p['line'] or ''}  {p['problem']}" for p in found]
        if count > len(found):
            lines.append(f"  and {count - len(found):,} more (--show 0 lists all)")
    lines += ["", f"{_many(report['errors'], 'error')}, {_many(report['warnings'], 'warning')}"]
    return lines


def _split(name: str, split: dict[str, Any], masked: bool | None) -> list[str]:
    tools = f", {split['tools']:,} with tools" if split["tools"] else ""
    sound = "" if split["sound"] == split["rows"] else f", {split['sound']:,} of them sound"
    lines = [f"{name:<8}{_many(split['rows'], 'row')}{sound}, {split['format'] or 'no known format'}{tools}"]
    tokens = split["tokens"]
    if tokens["min"] is None:
        return lines
    width = WIDTH - 8 - len(f"{tokens['min']:,}  {tokens['max']:,}")
    lines.append(f"        {tokens['min']:,} {spark(split['histogram'], min(width, 48))} {tokens['max']:,}  tokens")
    lines.append(f"        median {tokens['median']:,}  p95 {tokens['p95']:,}  p99 {tokens['p99']:,}  "
                 f"in all {tokens['total']:,}")  # fmt: skip
    how = "" if split["format"] == "text" else " (answers only)" if masked else " (prompts too)"
    lines.append(f"        supervised {split['supervised_tokens']:,} tokens, "
                 f"{split['supervised_share']:.1%} of what is read{how}")  # fmt: skip
    if split["truncated"]:
        lost = split["lost_tokens"]
        lines.append(
            f"        cut {_many(split['truncated'], 'row')}, {lost:,} tokens ({lost / tokens['total']:.1%}) lost"
        )
    return lines


def _many(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"
