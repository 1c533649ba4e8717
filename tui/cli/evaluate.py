"""`lowrank evaluate`: how well a run answers held-out rows."""

from typing import Annotated

from typer import Option

from lab.errors import LabError
from lab.runs import evaluation
from tui.cli.common import Checkpoint, Json, RunName, runs, say, write, write_text
from tui.cli.engine import run_job


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
        result = run_job(found, "evaluate", *options, *(["--answers"] if answers else []))
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
