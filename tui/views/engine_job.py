"""A job of the engine that a view waits for: what it is about, whether it goes on, and its end before time."""

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from textual.worker import Worker

    from tui.views.view import LaboratoryView


class EngineJob:
    """One job at a time; beginning another ends it. `subject` says what it does, and to which checkpoint."""

    def __init__(self, view: "LaboratoryView", group: str) -> None:
        self._view, self._group = view, group
        self._worker: Worker[None] | None = None
        self.subject: tuple[str, ...] = ()

    @property
    def running(self) -> bool:
        return self._worker is not None and self._worker.is_running

    def begin(self, work: Coroutine[Any, Any, None], *subject: str) -> None:
        self.subject = subject
        self._worker = self._view.run_worker(work, exclusive=True, group=self._group)

    def done(self) -> None:
        """The work calls this at its end, before it draws what came of it."""
        self._worker = None

    def cancel(self) -> bool:
        """End it; False where there is none. The engine leaves nothing behind."""
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.cancel()
        return worker is not None
