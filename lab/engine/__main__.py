"""The engine process: `python -m lab.engine train|evaluate|generate|data …`; one job a process.

All but `train` speak JSON lines on standard output; whatever libraries print goes to standard error.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from lab.engine.failure import explain
from lab.engine.stdin_lines import Inbox
from lab.errors import LabError
from lab.events.schema import plain
from lab.runs.directory import Run
from lab.sanitize import inert

Say = Callable[..., None]
"""say(event=…, **fields) writes one JSON line."""


def _evaluate(options: argparse.Namespace, say: Say) -> None:
    from lab.engine import generation

    result = generation.evaluate(
        Run(options.run),
        options.cache,
        _teller(say),
        checkpoint=options.checkpoint,
        split=options.split,
        first=options.first,
        ask_base=not options.adapter_only,
        every_answer=options.answers,
    )
    say(event="evaluated", **result)


def _generate(options: argparse.Namespace, say: Say) -> None:
    from lab.engine import chat

    run = Run(options.run)
    text = chat.generate(
        run,
        options.cache,
        options.prompt,
        options.max_tokens,
        base=options.base,
        checkpoint=options.checkpoint,
        scale=options.scale,
        temperature=options.temperature,
        seed=options.seed,
    )
    say(event="answer", run=run.id, text=text)


def _talk(options: argparse.Namespace, say: Say) -> None:
    from lab.engine import chat

    chat.serve(Run(options.run), options.cache, say)


def _inspect(options: argparse.Namespace, say: Say) -> None:
    from lab.engine import inspection
    from lab.runs import inspection_cache

    found = inspection.inspect(Run(options.run), options.cache, options.checkpoint, _teller(say))
    say(event="inspected", **(inspection_cache.brief(found) if options.brief else found))


def _fuse(options: argparse.Namespace, say: Say) -> None:
    from lab.engine import fuse

    result = fuse.fuse(
        Run(options.run),
        options.cache,
        options.save_path,
        way=options.way,
        checkpoint=options.checkpoint,
        gguf=options.export_gguf,
        force=options.force,
        rows=options.rows,
        progress=_teller(say),
    )
    say(event="fused", **result)


def _fidelity(options: argparse.Namespace, say: Say) -> None:
    from lab.engine import fuse

    found = fuse.measure(Run(options.run), options.cache, options.checkpoint, options.rows, _teller(say))
    say(event="measured", **found)


def _save(options: argparse.Namespace, say: Say) -> None:
    from lab.engine import fuse

    run, way, folder = Run(options.run), options.way, options.save_path
    saved = fuse.save_way(
        run, options.cache, options.checkpoint, way, folder, gguf=options.export_gguf, force=options.force
    )
    say(event="saved", **saved)


def _teller(say: Say) -> Callable[[str, int, int], None]:
    return lambda stage, done, total: say(event="progress", stage=stage, done=done, total=total)


def _data(options: argparse.Namespace, say: Say) -> None:
    os.environ["TOKENIZERS_PARALLELISM"] = "true"
    from lab.engine import data_lengths

    def progress(split: str, rows: int, done: int, total: int) -> None:
        say(event="progress", stage=split, rows=rows, done=done, total=total)

    report = data_lengths.check(
        str(options.run),
        options.model,
        options.cache,
        max_seq_length=options.max_seq_length,
        mask_prompt=options.mask_prompt,
        keep=options.keep,
        progress=progress,
    )
    say(event="checked", **report)


def _fetch(options: argparse.Namespace, say: Say) -> None:
    from lab.engine import hub

    def tell(stage: str, done: int, total: int) -> None:
        say(event="progress", stage=stage, done=done, total=total)

    name = str(options.run)
    say(event="fetched", **(hub.fetch_model(name, tell) if options.kind == "model" else
                            hub.fetch_data(name, options.cache, tell)))  # fmt: skip


def _plan(options: argparse.Namespace, say: Say) -> None:
    from lab.engine import probe

    probe.look(options, say)


def _preview(options: argparse.Namespace, say: Say) -> None:
    from lab.engine import form_preview

    form_preview.serve(options, say)


def _commands(options: argparse.Namespace, say: Say) -> None:
    from lab.engine import commands

    asked = json.loads(options.run.read_text(encoding="utf-8"))
    say(event="judged", refusals=commands.refusals(asked))


JOBS: dict[str, Callable[[argparse.Namespace, Say], None]] = {
    "commands": _commands,
    "data": _data,
    "evaluate": _evaluate,
    "fetch": _fetch,
    "fidelity": _fidelity,
    "fuse": _fuse,
    "generate": _generate,
    "inspect": _inspect,
    "plan": _plan,
    "talk": _talk,
    "save": _save,
    "preview": _preview,
}
"""What each job does beside `train`, which speaks through its run directory; MLX is imported inside."""


class Arguments(argparse.ArgumentParser):
    """A parser whose refusals, which repeat what was given, cannot steer a terminal."""

    def error(self, message: str) -> NoReturn:
        super().error(inert(message))


def main() -> int:
    """Run one job and return its exit code."""
    parser = Arguments(prog="python -m lab.engine")
    parser.add_argument("job", choices=("train", "rank", *JOBS))
    parser.add_argument(
        "run",
        type=Path,
        help="run directory; of commands, a JSON file; of data and fetch, a name; of preview, its root",
    )
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--kind", choices=("model", "data"), default="data", help="what to fetch")
    parser.add_argument("--leash", action="store_true", help="end, whatever is being done, when standard input ends")
    parser.add_argument("--prompt", default="")
    parser.add_argument("--max-tokens", type=int, default=100)
    parser.add_argument("--base", action="store_true")
    parser.add_argument("--scale", type=float, default=1.0, help="a multiple of the adapter's trained strength")
    parser.add_argument("--temperature", type=float, default=0.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--model", default="sprout")
    parser.add_argument("--max-seq-length", type=int, default=2048)
    parser.add_argument("--mask-prompt", action=argparse.BooleanOptionalAction)
    parser.add_argument("--now", action="store_true", help="train beside other runs, not after them")
    parser.add_argument("--lock", type=int, help="number of the open file that is this run's engine.lock, held")
    parser.add_argument("--keep", type=int, default=1000)
    parser.add_argument("--checkpoint", default="last")
    parser.add_argument("--split", default="test")
    parser.add_argument("--first", type=int, default=0, help="score only so many rows; 0 for all")
    parser.add_argument("--adapter-only", action="store_true", help="leave the base out of the score")
    parser.add_argument("--answers", action="store_true")
    parser.add_argument("--brief", action="store_true", help="of an inspection, what is kept and no more")
    parser.add_argument("--save-path", type=Path)
    parser.add_argument("--way", default="auto")
    parser.add_argument("--rows", type=int, default=200)
    parser.add_argument("--export-gguf", action="store_true")
    parser.add_argument("--force", action="store_true")
    parser.add_argument("--runs", type=Path, help="folder of runs whose figures a plan learns from")
    options = parser.parse_args()
    if options.job == "train":
        from lab.engine.process import work

        return work(options.run, options.cache, now=options.now, lock=options.lock)
    if options.job == "rank":
        from lab.engine.process import rank

        return rank(options.run, options.cache)
    return _answer(options)


def _answer(options: argparse.Namespace) -> int:
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def say(**fields: Any) -> None:
        print(json.dumps(fields), file=out, flush=True)

    if options.leash and options.job not in ("talk", "preview"):  # which read it themselves
        Inbox()
    try:
        JOBS[options.job](options, say)
        return 0
    except Exception as error:
        usage = isinstance(error, LabError) and error.usage
        say(event="failed", error={**plain(explain(error)), "usage": usage})
    return 1


if __name__ == "__main__":
    sys.exit(main())
