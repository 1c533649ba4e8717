"""The learner's session: the course, the log of what they did, and what that amounts to."""

import asyncio
import errno
import os
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import i18n
from tui.home import Folders

if TYPE_CHECKING:
    from lab.events.schema import LastWord
    from lab.runs.run_evidence import RunEvidence
    from lessons.course import Course, Lang
    from store.errors import Text
    from store.event import Event
    from store.event_log import EventLog
    from store.progress import Account, CourseIds, Progress
    from store.storage import Notice
    from store.sync import Synced
    from store.transfer import Imported


@dataclass(frozen=True)
class Problem:
    """Something that went wrong and lasts; `detail` is one plain line from whoever noticed, `korean` the same where
    they say it in Korean too."""

    kind: Literal["content", "home", "keys", "recovered", "recovered-in-part", "lost", "preview", "preview-kept"]
    detail: str
    korean: str = ""

    def said(self, lang: "Lang") -> str:
        """The detail in the learner's language, as far as that is known."""
        return self.korean or self.detail if lang == "ko" else self.detail


LOADED: Final = "session.loaded"
REPLACED: Final = "session.replaced"
RUN_ENDED: Final = "session.run-ended"
REVIEWS: Final = "session.reviews"


@dataclass(frozen=True)
class Change:
    """What happened: an event of the log with the XP, level and achievements it earned, or one of these:

    `LOADED`: course and log are read. `REPLACED`: progress is another one, from elsewhere or from the beginning.
    `RUN_ENDED`: the run `item` ended. `REVIEWS`: another number of questions is due. `trouble` says what failed.
    """

    kind: str = ""
    item: str = ""
    xp: int = 0
    level_up: bool = False
    achievements: tuple[str, ...] = ()
    trouble: str = ""


class LearnerSession:
    """Reads the course and the log, and is the only one in the program to append to it. It knows no screen.

    Nothing is imported or read before `load`, which may run in a thread. Listeners hear of every change, in the
    thread that made it.
    """

    def __init__(self, home: Path, tracks: Path | None = None, lang: "Lang" = "en") -> None:
        self.home = home
        self.runs = home / "runs"
        self.cache = home / "cache"
        self.lang = lang
        self.loaded = False
        self.problems: list[Problem] = []
        self.course: Course | None = None
        self.reviews_due = 0
        """How many questions are due today, as of the last `look_for_reviews`."""
        self._tracks = tracks
        self._log: EventLog | None = None
        self._early: list[tuple[str, str, Mapping[str, object] | None]] = []
        self._unsaved: list[Event] = []
        self._failure: Exception | None = None
        self._listeners: list[Callable[[Change], None]] = []
        self._account: Account
        self._counted = 0
        self._noticed = 0
        self._guard = threading.RLock()
        """Held for the account, since syncing and importing work in a thread."""

    def listen(self, listener: Callable[[Change], None]) -> None:
        """Call `listener` with every change from now on."""
        self._listeners.append(listener)

    def unlisten(self, listener: Callable[[Change], None]) -> None:
        """Call it no more."""
        if listener in self._listeners:
            self._listeners.remove(listener)

    def _tell(self, change: Change) -> None:
        for listener in tuple(self._listeners):
            listener(change)

    @property
    def folders(self) -> Folders:
        """Where everything is kept."""
        return Folders(self.home, self.runs, self.cache)

    def load(self) -> None:
        """Course, log and progress; what fails becomes a problem in words, and the rest goes on without it."""
        from lessons.course import ContentError
        from lessons.loader import BUNDLED, load_course
        from store.errors import StoreError
        from store.event_log import EventLog
        from store.progress import CourseIds, course_ids

        ids = CourseIds({}, 0)
        try:
            self.course = load_course(self._tracks or BUNDLED)
            ids = course_ids(self.course)
        except (ContentError, OSError) as error:
            self.problems.append(Problem("content", str(error)))
        except Exception as error:  # progress and the laboratory go on without lessons, whatever stands in them
            self.problems.append(Problem("content", f"{type(error).__name__}: {error}"))
        try:
            self._log = EventLog(self.home / "progress")
        except StoreError as error:
            self._failure = error
            self.problems.append(_nothing_kept(error.text))
        self._account_for(ids)
        with self._guard:
            self.loaded = True
            for kind, item, payload in self._early:
                self._record(kind, item, payload)
            self._early.clear()
        if self.progress.language in i18n.languages():
            self.lang = self.progress.language

    async def open(self) -> None:
        """`load` in a thread, look whether anything can be kept, and tell the listeners."""
        trouble = await asyncio.to_thread(_unwritable, self.home)
        if trouble is not None:
            self.problems.append(_nothing_kept(trouble))
        await asyncio.to_thread(self.load)
        self._tell(Change(LOADED))

    def ensure_kept(self) -> None:
        """Raise StoreError or OSError where the log cannot be read, or an event could not be kept in it."""
        if self._failure is not None:
            raise self._failure

    @property
    def notices(self) -> "Sequence[Notice]":
        """The damaged files of the log that were met."""
        return self._log.notices if self._log is not None else ()

    @property
    def progress(self) -> "Progress":
        """What the log amounts to now."""
        with self._guard:
            return self._account.progress

    def reread(self) -> None:
        """The course as it now lies on disk; ContentError leaves the one that was read before."""
        from lessons.loader import BUNDLED, load_course
        from store.progress import course_ids

        self.course = load_course(self._tracks or BUNDLED)
        self.problems[:] = [problem for problem in self.problems if problem.kind != "content"]
        self._account_for(course_ids(self.course))

    def record(self, kind: str, item: str = "", payload: Mapping[str, object] | None = None) -> Change:
        """Append an event and tell the listeners; before `load` it waits for that.

        Where it cannot be kept it counts all the same, and a problem says so until the next one can be kept, and this
        one with it. Beside the kinds that progress is replayed from, `setting.set` {value} keeps a setting under its
        name.
        """
        with self._guard:
            early = not self.loaded
            if early:
                self._early.append((kind, item, payload))
        change = Change(kind, item) if early else self._record(kind, item, payload)
        self._tell(change)
        return change

    def _record(self, kind: str, item: str, payload: Mapping[str, object] | None = None) -> Change:
        from store.errors import StoreError
        from store.event import EARNED, RESET_UNDONE, Event, now, uuid7

        before = self.progress
        try:
            if self._log is None:
                raise StoreError("", "")
            self._keep_late(self._log)
            self._log.append(kind, item, payload)
        except (StoreError, OSError) as error:
            last = self._unsaved[-1].id if self._unsaved else ""
            tried = error.event if isinstance(error, StoreError) else None
            self._unsaved.append(tried or Event(uuid7(after=last), "", now(), kind, item, dict(payload or {})))
            with self._guard:
                self._account.add(self._unsaved[-1])
            self._failure = self._failure or error
            if not any(problem.kind == "home" for problem in self.problems):
                self.problems.append(_nothing_kept(self._why(error)))
        self._catch_up()
        if kind == RESET_UNDONE:  # which brings back what was earned and kept before
            return Change(kind, item)
        after = self.progress
        new = tuple(each for each in after.achievements if each not in before.achievements)
        for each in new:  # kept for good, whatever lessons and questions a later course has
            self._record(EARNED, each)
        return Change(kind, item, after.xp - before.xp, after.level > before.level, new)

    def _why(self, error: Exception) -> "Text":
        """The system's own words where it refused, since what is to be done stands beside them."""
        from store.errors import StoreError

        cause = error.__cause__ if isinstance(error, StoreError) else error
        if isinstance(cause, OSError):
            return _refused(self.home / "progress", cause)
        return error.text if isinstance(error, StoreError) else i18n.Translated(en=str(error))

    def _keep_late(self, log: "EventLog") -> None:
        """What there was no room for before, or no permission."""
        if self._unsaved:
            log.keep(self._unsaved, own=True)
            self._unsaved.clear()
            self._failure = None
            self.problems[:] = [problem for problem in self.problems if problem.kind != "home"]

    def tidy(self) -> None:
        """What makes the next start faster; may take a second, so call it in a thread."""
        if self._log is not None:
            self._log.tidy()

    async def look_back(self) -> None:
        """Record what ended while nobody looked and what all runs prove, and count what is due."""
        try:
            finished = await asyncio.to_thread(self.finished_runs)
        except Exception as error:
            self._tell(Change(trouble=f"{type(error).__name__}: {error}"))
            return
        for run_id, method, result in finished:
            self.record_finished(run_id, method, result)
        await self.look_at_runs(None, [run_id for run_id, _, _ in finished])
        await self.look_for_reviews()
        await asyncio.to_thread(self.tidy)

    def finished_runs(self) -> list[tuple[str, str, "LastWord | None"]]:
        """(id, method, result) of every run that ended without anybody noting it; reads run folders, so it is slow.

        One that ended before the last reset stays as it is: not done.
        """
        from lab.errors import LabError
        from lab.runs.damage import fenced
        from lab.runs.directory import Runs
        from lab.runs.state import RunState
        from tui.run_evidence import since_reset

        found: list[tuple[str, str, LastWord | None]] = []
        for run in Runs(self.runs).all():
            known = run.id in self.progress.runs_finished
            with suppress(LabError), fenced(run):
                if not known and run.state() is RunState.FINISHED and since_reset(run, self.progress):
                    started = run.started()
                    found.append((run.id, (started.method if started else "") or "", run.result()))
        return found

    def record_finished(self, run_id: str, method: str, result: "LastWord | None") -> Change:
        """Append `run.finished`, once for each run; for none that ended before the last reset."""
        from lab.runs.directory import Run
        from tui.run_evidence import since_reset

        if run_id in self.progress.runs_finished or not since_reset(Run(self.runs / run_id), self.progress):
            return Change()
        kept = {key: getattr(result, key, None) for key in ("train_loss", "val_loss", "iterations")}
        return self.record("run.finished", run_id, {**kept, **({"method": method} if method else {})})

    def record_started(self, run_id: str, method: str, model: str, data: str) -> Change:
        """Append `run.started`."""
        return self.record("run.started", run_id, {"run": run_id, "method": method, "model": model, "data": data})

    async def run_ended(self, run_id: str, state: str, method: str, result: "LastWord | None") -> None:
        """Record a run that ended and what it proves, whoever noticed it."""
        if not self.loaded:
            return
        if state == "finished":
            self.record_finished(run_id, method, result)
        self._tell(Change(RUN_ENDED, run_id))
        await self.look_at_runs([run_id], [run_id])

    async def look_at_runs(self, runs: Sequence[str] | None, ended: Sequence[str] = ()) -> None:
        """Record what these runs prove (None: all); of those in `ended` also what only an end settles."""
        from tui.run_evidence import found

        if not self.loaded:
            return
        try:
            evidence = await asyncio.to_thread(found, self.runs, runs, ended, self.progress)
        except OSError as error:
            self._tell(Change(trouble=str(error)))
        else:
            self.record_evidence(evidence)

    def record_evidence(self, evidence: "Iterable[RunEvidence]") -> None:
        """Record what is not known yet of what runs prove."""
        for kind, item, payload in evidence:
            if self.loaded and self.progress.evidence.get((kind, item)) != payload:
                self.record(kind, item, payload)

    def was_read(self, section: str, lang: str) -> bool:
        """Whether the section was already read in this language."""
        return lang in self.progress.read_in.get(section, ())

    def setting(self, name: str) -> str | None:
        """The value last chosen for a setting, from the `setting.set` events."""
        return self.progress.settings.get(name)

    @property
    def points_hidden(self) -> bool:
        """Whether the learner wants nothing said of points and levels."""
        return self.setting("points") == "hidden"

    def choose_language(self, lang: "Lang") -> None:
        """Speak this language from now on."""
        self.lang = lang
        self.record("language.set", payload={"lang": lang})

    async def look_for_reviews(self) -> None:
        """Count in a thread the questions that are due today."""
        due = len(await asyncio.to_thread(self.due))
        if due != self.reviews_due:
            self.reviews_due = due
            self._tell(Change(REVIEWS))

    def replaced(self) -> None:
        """Tell the listeners that progress is another one; `import_` and `sync` do not, since they work in a thread."""
        self._tell(Change(REPLACED))

    def due(self) -> list[str]:
        """The questions to ask again today, at most ten."""
        from store.reviews import due

        return due(self.progress, datetime.now().astimezone())

    def reset(self) -> Change:
        """Begin anew: what was done so far counts for nothing until `undo_reset`; nothing is deleted."""
        from store.event import RESET

        return self.record(RESET)

    def undo_reset(self) -> bool:
        """Let what was done before the last reset count again; False where there is none to undo."""
        from store.event import RESET_UNDONE

        if not self.progress.reset:
            return False
        self.record(RESET_UNDONE, payload={"reset": self.progress.reset})
        return True

    def export(self, path: Path) -> int:
        """Write all progress to a file and return the number of events; raises StoreError."""
        from store.transfer import export

        return export(self._kept(), path)

    def import_(self, path: Path) -> "Imported":
        """Add what a file holds; raises StoreError, and then nothing has changed."""
        from store.transfer import import_

        try:
            return import_(self._kept(), path)
        finally:
            self._catch_up()

    def sync(self, folder: Path) -> "Synced":
        """Exchange progress with other devices through a shared folder; raises StoreError."""
        from store.sync import sync

        try:
            return sync(self._kept().folder, folder)
        finally:
            self._kept().reload()
            self._catch_up()

    def _kept(self) -> "EventLog":
        from store.errors import StoreError

        if self._log is None:
            folder = self.home / "progress"
            raise StoreError(
                f"Progress could not be read from {folder}. Allow reading there.",
                f"{folder}: 진도를 읽지 못했어요. 읽을 수 있게 해 주세요.",
            )
        return self._log

    def _account_for(self, ids: "CourseIds") -> None:
        from store.progress import Account

        self._account, self._counted = Account(ids, self._unsaved), 0
        self._catch_up()

    def _catch_up(self) -> None:
        """Account for what this and other programs appended since."""
        with self._guard:
            if self._log is None:
                return
            fresh = self._log.arrived(self._counted)
            self._counted += len(fresh)
            self._account.extend(fresh)
            for notice in self._log.notices[self._noticed :]:
                kept = str(notice.kept or notice.file)
                if not notice.recovered:
                    self.problems.append(Problem("lost", kept))
                else:
                    self.problems.append(Problem("recovered" if notice.whole else "recovered-in-part", kept))
            self._noticed = len(self._log.notices)


def _nothing_kept(why: "Text") -> Problem:
    """A line goes on behind these words, so they end without a full stop."""
    return Problem("home", why["en"].rstrip("."), why["ko"].rstrip("."))


def _refused(folder: Path, error: OSError) -> "Text":
    from store.errors import reason

    why = reason(error)
    return i18n.Translated({lang: f"{folder}: {text}" for lang, text in why.items()})


def _unwritable(home: Path) -> "Text | None":
    """Why nothing can be kept in `home`, or None when it can."""
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return _refused(home, error)
    if os.access(home, os.W_OK | os.X_OK):
        return None
    return _refused(home, PermissionError(errno.EACCES, os.strerror(errno.EACCES)))
