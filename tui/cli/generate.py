"""`lowrank generate` and `evaluate`: what a run's adapter answers, and how often it is right."""

import math
from typing import Annotated, Any

import typer
from typer import Option

from foreign import whole_text
from lab.errors import LabError
from lab.runs import evaluation
from lab.runs.directory import Run
from tui.cli.common import RunName, Status, runs, say, write, write_text
from tui.cli.engine import ask

Json = Annotated[bool, Option("--json", help="Print one JSON object.")]
Checkpoint = Annotated[str, Option(help="Which adapter: last, best, or an iteration that was saved.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("evaluate")(evaluate)
    app.command("generate")(generate)


def evaluate(
    run: RunName,
    checkpoint: Checkpoint = "last",
    split: Annotated[str, Option(help="Rows to score on: test or valid.")] = "test",
    rows: Annotated[int, Option(help="Only the first so many rows; 0 for all.")] = 0,
    answers: Annotated[bool, Option("--answers", help="Every question with its answers too.")] = False,
    again: Annotated[bool, Option("--again", help="Measure even what is known.")] = False,
    as_json: Json = False,
) -> int:
    """Score a run on held-out rows: loss, perplexity and exact match, with the base's exact match beside it.

    It is measured once and then known; a changed adapter or changed rows are measured again.
    """
    if split not in ("test", "valid"):
        raise LabError(f"unknown split {split!r}", where="--split", remedy="give test or valid", usage=True)
    if rows < 0:
        raise LabError(f"must be 0 or more (got {rows})", where="--rows", usage=True)
    found = runs().get(run)
    result = None if answers or again else evaluation.read(found, checkpoint, split, rows)
    if result is None or result["base_exact_match"] is None:
        options = [f"--checkpoint={checkpoint}", "--split", split, "--first", str(rows)]
        result = engine(found, "evaluate", *options, *(["--answers"] if answers else []))
    if as_json:
        say(result)
        return 0
    for each in result.get("answers", []):
        mark = "right" if each["right"] else "wrong"
        lines = (each["prompt"], f"expected {each['expected']}", f"{mark:<8} {each['answer']}",
                 f"base     {each['base_answer']}", "")  # fmt: skip
        write_text("\n".join(lines))
    if result["examples"]:
        write(f"exact match  {result['exact_match']:.1%}   base alone  {result['base_exact_match']:.1%}   "
              f"of {result['examples']} questions")  # fmt: skip
    write(f"loss         {result['loss']:.4f}   perplexity  {result['perplexity']:.3f}")
    return 0


def generate(
    run: RunName,
    prompt: Annotated[str, Option("--prompt", "-p", help="What to ask.")],
    max_tokens: Annotated[int, Option(help="Where to cut the answer.")] = 100,
    base: Annotated[bool, Option("--base", help="Ask the base without the adapter.")] = False,
    checkpoint: Checkpoint = "last",
    scale: Annotated[float, Option(help="How strong the adapter is: 1 as trained, 0 not at all.")] = 1.0,
    temperature: Annotated[float, Option(help="0 takes the likeliest token each time; more draws.")] = 0.0,
    seed: Annotated[int, Option(help="What to draw from, above temperature 0.")] = 0,
    as_json: Json = False,
) -> int:
    """Ask base + adapter one question; at scale 1 the answer is the same as stock mlx-lm's."""
    lowest = {"--max-tokens": (max_tokens, 1), "--scale": (scale, 0), "--temperature": (temperature, 0),
              "--seed": (seed, 0)}  # fmt: skip
    for flag, (given, least) in lowest.items():
        if not least <= given < math.inf:
            raise LabError(f"must be at least {least} (got {given})", where=flag, usage=True)
    options = [f"--prompt={whole_text(prompt)}", "--max-tokens", str(max_tokens)]  # with =, for what begins with -
    options += [f"--checkpoint={checkpoint}", "--scale", str(scale)]
    options += ["--temperature", str(temperature), "--seed", str(seed), *(["--base"] if base else [])]
    result = engine(runs().get(run), "generate", *options)
    say({"run": result["run"], "prompt": prompt, "text": result["text"]}) if as_json else write_text(result["text"])
    return 0


def engine(run: Run, job: str, *options: str) -> dict[str, Any]:
    """One job of the engine on a run: its last JSON line, with progress on a terminal. Raises LabError if it failed."""
    with Status() as status:

        def progress(event: dict[str, Any]) -> None:
            status.show(f"{event['stage']:<12}{event['done']:>5}/{event['total']}")

        return ask(job, str(run.path), *options, log=run.path / "log.txt", progress=progress)
