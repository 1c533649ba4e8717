"""The engine process: `python -m lab.engine train|evaluate|generate …`; started by lab.launch, one job a process.

`evaluate` and `generate` speak JSON lines on standard output; whatever libraries print goes to standard error.
"""

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

from lab.errors import LabError
from lab.runs import Run


def main() -> int:
    """Run one job and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m lab.engine")
    parser.add_argument("job", choices=("train", "evaluate", "generate"))
    parser.add_argument("run", type=Path)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--prompt", default="")
    parser.add_argument("--max-tokens", type=int, default=100)
    parser.add_argument("--base", action="store_true")
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
        from lab.engine import answer

        run = Run(options.run)
        if options.job == "generate":
            text = answer.generate(run, options.cache, options.prompt, options.max_tokens, base=options.base)
            say(event="answer", run=run.id, text=text)
        else:
            result = answer.evaluate(
                run,
                options.cache,
                lambda stage, done, total: say(event="progress", stage=stage, done=done, total=total),
            )
            say(event="evaluated", **result)
        return 0
    except LabError as error:
        say(event="failed", error={"what": error.what, "where": error.where, "remedy": error.remedy})
    except Exception as error:
        import traceback

        traceback.print_exc()
        say(event="failed", error={"what": f"{type(error).__name__}: {error}", "where": "", "remedy": ""})
    return 1


if __name__ == "__main__":
    sys.exit(main())
