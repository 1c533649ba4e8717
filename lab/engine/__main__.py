"""The engine process: `python -m lab.engine train|evaluate|generate|data …`; started by lab.launch, one job a process.

All but `train` speak JSON lines on standard output; whatever libraries print goes to standard error.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lab.errors import LabError
from lab.runs import Run

Say = Callable[..., None]
"""say(event=…, **fields) writes one JSON line."""


def _evaluate(options: argparse.Namespace, say: Say) -> None:
    from lab.engine import answer

    def progress(stage: str, done: int, total: int) -> None:
        say(event="progress", stage=stage, done=done, total=total)

    say(event="evaluated", **answer.evaluate(Run(options.run), options.cache, progress))


def _generate(options: argparse.Namespace, say: Say) -> None:
    from lab.engine import answer

    run = Run(options.run)
    text = answer.generate(run, options.cache, options.prompt, options.max_tokens, base=options.base)
    say(event="answer", run=run.id, text=text)


def _data(options: argparse.Namespace, say: Say) -> None:
    os.environ["TOKENIZERS_PARALLELISM"] = "true"
    from lab.engine import measure

    def progress(split: str, rows: int, done: int, total: int) -> None:
        say(event="progress", stage=split, rows=rows, done=done, total=total)

    report = measure.check(
        str(options.run),
        options.model,
        options.cache,
        max_seq_length=options.max_seq_length,
        mask_prompt=options.mask_prompt,
        keep=options.keep,
        progress=progress,
    )
    say(event="checked", **report)


JOBS: dict[str, Callable[[argparse.Namespace, Say], None]] = {
    "data": _data,
    "evaluate": _evaluate,
    "generate": _generate,
}
"""What each job does beside `train`, which speaks through its run directory; MLX is imported inside."""


def main() -> int:
    """Run one job and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m lab.engine")
    parser.add_argument("job", choices=("train", *JOBS))
    parser.add_argument("run", type=Path, help="run directory; of data, the data set")
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--prompt", default="")
    parser.add_argument("--max-tokens", type=int, default=100)
    parser.add_argument("--base", action="store_true")
    parser.add_argument("--model", default="sprout")
    parser.add_argument("--max-seq-length", type=int, default=2048)
    parser.add_argument("--mask-prompt", action=argparse.BooleanOptionalAction)
    parser.add_argument("--keep", type=int, default=1000)
    options = parser.parse_args()
    if options.job == "train":
        from lab.engine.train import train

        return train(options.run, options.cache)
    return _answer(options)


def _answer(options: argparse.Namespace) -> int:
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def say(**fields: Any) -> None:
        print(json.dumps(fields, ensure_ascii=False), file=out, flush=True)

    try:
        JOBS[options.job](options, say)
        return 0
    except LabError as error:
        say(event="failed", error={"what": error.what, "where": error.where, "remedy": error.remedy,
                                   "usage": error.usage})  # fmt: skip
    except OSError as error:
        where = str(error.filename or "")
        say(
            event="failed",
            error={
                "what": error.strerror or str(error),
                "where": where,
                "remedy": "check the path, its permissions and free space",
            },
        )
    except Exception as error:
        import traceback

        traceback.print_exc()
        say(event="failed", error={"what": f"{type(error).__name__}: {error}", "where": "", "remedy": ""})
    return 1


if __name__ == "__main__":
    sys.exit(main())
