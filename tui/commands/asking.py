"""`lowrank generate` and `evaluate`: what a run's adapter answers, and how often it is right."""

import sys
from typing import Annotated, Any

import typer
from typer import Argument, Option

from lab.errors import LabError
from lab.runs import Run
from tui.commands import inert, runs, say
from tui.commands.engine import ask

Name = Annotated[str, Argument(metavar="RUN", help="Run id, its beginning, a path, or `last`.")]
Json = Annotated[bool, Option("--json", help="Print one JSON object.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("evaluate")(evaluate)
    app.command("generate")(generate)


def evaluate(run: Name, as_json: Json = False) -> int:
    """Score a run on its test set: loss, perplexity and exact match, with the base's exact match beside it."""
    result = _engine(runs().get(run), "evaluate")
    if as_json:
        say(result)
        return 0
    print(f"exact match  {result['exact_match']:.1%}   base alone  {result['base_exact_match']:.1%}   "
          f"of {result['examples']} questions")  # fmt: skip
    print(f"loss         {result['loss']:.4f}   perplexity  {result['perplexity']:.3f}")
    return 0


def generate(
    run: Name,
    prompt: Annotated[str, Option("--prompt", "-p", help="What to ask.")],
    max_tokens: Annotated[int, Option(help="Where to cut the answer.")] = 100,
    base: Annotated[bool, Option("--base", help="Ask the base without the adapter.")] = False,
    as_json: Json = False,
) -> int:
    """Ask base + adapter one question; the answer is the same as stock mlx-lm's."""
    if max_tokens < 1:
        raise LabError(f"must be at least 1 (got {max_tokens})", where="--max-tokens", usage=True)
    options = ["--prompt", prompt, "--max-tokens", str(max_tokens), *(["--base"] if base else [])]
    result = _engine(runs().get(run), "generate", *options)
    say({"run": result["run"], "prompt": prompt, "text": result["text"]}) if as_json else print(inert(result["text"]))
    return 0


def _engine(run: Run, job: str, *options: str) -> dict[str, Any]:
    """One job of the engine on a run: its last JSON line, with progress on a terminal. Raises LabError if it failed."""

    def progress(event: dict[str, Any]) -> None:
        if sys.stderr.isatty():
            print(f"\r{event['stage']:<8}{event['done']:>5}/{event['total']}", end="", file=sys.stderr, flush=True)

    try:
        return ask(job, str(run.path), *options, log=run.path / "log.txt", progress=progress)
    finally:
        if sys.stderr.isatty() and job == "evaluate":
            print("\r" + " " * 24 + "\r", end="", file=sys.stderr)
