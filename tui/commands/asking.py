"""`lowrank generate` and `evaluate`: what a run's adapter answers, and how often it is right."""

import json
import subprocess
import sys
from typing import Annotated, Any

import typer
from typer import Argument, Option

from lab import launch
from lab.errors import LabError
from lab.runs import Run
from tui.commands import cache, inert, runs, say

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
    command = launch.engine_command(job, str(run.path), "--cache", str(cache()), *options)
    log = (run.path / "log.txt").open("ab")
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=log,
        env=launch.engine_environment(cache()),
        text=True,
    )
    last: dict[str, Any] = {}
    assert process.stdout is not None
    for line in process.stdout:
        last = json.loads(line)
        if last.get("event") == "progress" and sys.stderr.isatty():
            print(f"\r{last['stage']:<8}{last['done']:>5}/{last['total']}", end="", file=sys.stderr, flush=True)
    code = process.wait()
    if sys.stderr.isatty() and job == "evaluate":
        print("\r" + " " * 24 + "\r", end="", file=sys.stderr)
    if code or last.get("event") == "failed" or not last:
        error = last.get("error") or {}
        what = error.get("what") or f"the engine ended with code {code}"
        raise LabError(
            what,
            where=error.get("where") or str(run.path / "log.txt"),
            remedy=error.get("remedy") or "read that file",
        )
    return last
