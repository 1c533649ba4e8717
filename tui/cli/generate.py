"""`lowrank generate`: what a run's adapter answers to one prompt."""

import math
from typing import Annotated

from typer import Option

from foreign import whole_text
from lab.errors import LabError
from tui.cli.common import Checkpoint, Json, RunName, runs, say, write_text
from tui.cli.engine import run_job


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
    result = run_job(runs().get(run), "generate", *options)
    say({"run": result["run"], "prompt": prompt, "text": result["text"]}) if as_json else write_text(result["text"])
    return 0
