"""`lowrank three-way`: LoRA, QLoRA and DoRA trained alike, then compared."""

import time
from typing import Annotated

from typer import Option

from lab.queue import three_way as queue
from lab.reports.comparison import Comparison
from lab.runs.state import RunState
from tui.cli.common import Json, Status, cache, note, say, service, write
from tui.cli.compare import show
from tui.cli.engine import run_job

POLL = 0.5
"""Seconds between looks at the runs."""


def three_way(
    detach: Annotated[
        bool, Option("--detach", help="Put the runs in line, print their ids, and return at once.")
    ] = False,
    as_json: Json = False,
) -> int:
    """Train LoRA, LoRA on 4 bits (QLoRA) and DoRA on 4 bits, 50 iterations each, all else alike, and compare them."""
    made = queue.begin(service())
    if detach:
        say({"runs": [run.id for run in made]}) if as_json else write(*(run.id for run in made))
        return 0
    note("3 runs in line  (they go on if this terminal closes)")
    comparison = Comparison.of(made, cache())
    try:
        _attend(comparison)
        for run in queue.unmeasured(made):
            run_job(run, "evaluate", "--first", str(queue.ROWS), "--adapter-only")
    except KeyboardInterrupt:
        note("the runs are left to themselves; `lowrank runs` shows them, `lowrank compare` compares them")
        return 130
    comparison.read()
    show(comparison, as_json)
    return 0 if all(each.state is RunState.FINISHED for each in comparison.contenders) else 1


def _attend(comparison: Comparison) -> None:
    """Wait for the end of all of them, saying on a terminal how far they are."""
    with Status() as status:
        while not comparison.ended:
            comparison.read()
            going = next((each for each in comparison.contenders if not each.ended), None)
            if going is not None:
                done = going.digest.progress
                status.show(f"{going.method:<8}{done.iteration:>4}/{going.spec.iters}  {done.stage or 'waiting'}")
            time.sleep(POLL)
