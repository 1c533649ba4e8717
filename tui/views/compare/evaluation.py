"""Asking several runs their test questions, one engine after another; each keeps its own result beside its run."""

from asyncio import Queue, Task, create_task
from collections.abc import AsyncGenerator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from lab.client import EngineClient
from lab.errors import LabError
from lab.runs.directory import Run
from tui.views.compare.progress import Asking


class Measuring:
    """`now` says how far it is; `moved`, whether the newest step finished a run. Cancelling it kills the engine."""

    def __init__(self, runs: Sequence[Run], rows: int, cache: Path) -> None:
        self.runs = list(runs)
        self.rows = rows
        self.cache = cache
        self.now = Asking(self.runs[0].id)
        self.moved = False

    async def work(self) -> AsyncGenerator[tuple[str, str] | None, None]:
        """One item at each step: None, or the id of a run that could not be asked, and why."""
        for run in self.runs:
            self.now, self.moved = Asking(run.id), False
            yield None
            steps: Queue[Asking | None] = Queue()

            def tell(event: dict[str, Any], name: str = run.id, steps: Queue[Asking | None] = steps) -> None:
                steps.put_nowait(Asking(name, int(event.get("done", 0)), int(event.get("total", 0))))

            options = ("--first", str(self.rows), "--adapter-only")
            asking = create_task(EngineClient(self.cache).ask("evaluate", run.path, *options, progress=tell))
            asking.add_done_callback(partial(_end, steps))
            try:
                while (step := await steps.get()) is not None:
                    self.now = step
                    yield None
                await asking
            except LabError as error:
                self.moved = True
                yield run.id, str(error)
            else:
                self.moved = True
                yield None
            finally:
                asking.cancel()


def _end(steps: Queue[Asking | None], _: Task[Any]) -> None:
    steps.put_nowait(None)
