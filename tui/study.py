"""The learner at their desk: the course, the log of what they did, and what that amounts to."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from lessons.model import Course
    from store.event import Event
    from store.log import EventLog
    from store.progress import CourseIds, Progress
    from tui.exercise.workshop import Place


@dataclass(frozen=True)
class Problem:
    """Something that went wrong and lasts; `detail` is one plain line from whoever noticed."""

    kind: Literal["content", "home", "keys", "recovered", "lost"]
    detail: str


@dataclass(frozen=True)
class Change:
    """What one event changed: the XP it earned, whether a level was reached, the achievements it unlocked."""

    xp: int = 0
    level_up: bool = False
    achievements: tuple[str, ...] = ()


class Study:
    """Reads the course and the log, and is the only one in the program to append to it.

    Nothing is imported or read before `load`, which may run in a thread.
    """

    def __init__(self, home: Path, tracks: Path | None = None) -> None:
        self.home = home
        self.runs = home / "runs"
        self.cache = home / "cache"
        self.problems: list[Problem] = []
        self.course: Course | None = None
        self._tracks = tracks
        self._log: EventLog | None = None
        self._unsaved: list[Event] = []
        self._ids: CourseIds
        self.progress: Progress

    @property
    def place(self) -> "Place":
        """Where everything is kept."""
        from tui.exercise.workshop import Place

        return Place(self.home, self.runs, self.cache)

    def load(self) -> None:
        """Course, log and progress; what fails becomes a problem in words, and the rest goes on without it."""
        from lessons.load import BUNDLED, load_course
        from lessons.model import ContentError
        from store.log import EventLog
        from store.progress import CourseIds, course_ids
        from store.storage import StoreError

        self._ids = CourseIds({}, 0)
        try:
            self.course = load_course(self._tracks or BUNDLED)
            self._ids = course_ids(self.course)
        except (ContentError, OSError) as error:
            self.problems.append(Problem("content", str(error)))
        if (trouble := _unwritable(self.home)) is not None:
            self.problems.append(Problem("home", trouble))
        try:
            self._log = EventLog(self.home / "progress")
            for notice in self._log.notices:
                kept = str(notice.kept or notice.file)
                self.problems.append(Problem("recovered" if notice.recovered else "lost", kept))
        except StoreError as error:
            self.problems.append(Problem("home", str(error)))
        self._replay()

    def reread(self) -> None:
        """The course as it now lies on disk; ContentError leaves the one that was read before."""
        from lessons.load import BUNDLED, load_course
        from store.progress import course_ids

        self.course = load_course(self._tracks or BUNDLED)
        self._ids = course_ids(self.course)
        self.problems[:] = [problem for problem in self.problems if problem.kind != "content"]
        self._replay()

    def record(self, kind: str, item: str = "", payload: Mapping[str, object] | None = None) -> Change:
        """Append an event; where it cannot be kept it counts until the program ends, and a problem says so.

        Beside the kinds that progress is replayed from, `setting.set` {value} keeps a setting under its name.
        """
        from store.event import Event, now, uuid7
        from store.storage import StoreError

        before = self.progress
        try:
            if self._log is None:
                raise StoreError("")
            self._log.append(kind, item, payload)
        except (StoreError, OSError) as error:
            last = self._unsaved[-1].id if self._unsaved else ""
            self._unsaved.append(Event(uuid7(after=last), "", now(), kind, item, dict(payload or {})))
            if not any(problem.kind == "home" for problem in self.problems):
                self.problems.append(Problem("home", str(error)))
        self._replay()
        new = tuple(each for each in self.progress.achievements if each not in before.achievements)
        return Change(self.progress.xp - before.xp, self.progress.level > before.level, new)

    def finished_runs(self) -> list[tuple[str, str, Mapping[str, object]]]:
        """(id, method, result) of every run that ended without anybody noting it; reads run folders, so it is slow."""
        from lab.runs.directory import Runs

        found: list[tuple[str, str, Mapping[str, object]]] = []
        for run in Runs(self.runs).all():
            if run.id not in self.progress.runs_finished and run.state() == "finished":
                result = run.result() or {}
                method = str(result.get("method") or run.started().get("method") or "")
                found.append((run.id, method, result))
        return found

    def record_finished(self, run_id: str, method: str, result: Mapping[str, object]) -> Change:
        """Append `run.finished`, once for each run."""
        if run_id in self.progress.runs_finished:
            return Change()
        kept = {key: result.get(key) for key in ("train_loss", "val_loss", "iterations")}
        return self.record("run.finished", run_id, {**kept, **({"method": method} if method else {})})

    def was_read(self, section: str, lang: str) -> bool:
        """Whether the section was already read in this language."""
        return any(
            event.kind == "section.read" and event.item == section and event.payload.get("lang") == lang
            for event in self._events()
        )

    def setting(self, name: str) -> str | None:
        """The value last chosen for a setting, from the `setting.set` events."""
        values = [e.payload.get("value") for e in self._events() if e.kind == "setting.set" and e.item == name]
        return values[-1] if values and isinstance(values[-1], str) else None

    def _events(self) -> list["Event"]:
        return [*(self._log.events() if self._log else ()), *self._unsaved]

    def _replay(self) -> None:
        from store.progress import replay

        self.progress = replay(self._events(), self._ids)


def _unwritable(home: Path) -> str | None:
    """Why nothing can be kept in `home`, or None when it can."""
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return f"{home}: {error.strerror or error}"
    return None if os.access(home, os.W_OK | os.X_OK) else f"{home}: {os.strerror(13)}"
