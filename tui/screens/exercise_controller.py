"""The exercise and the lab in the classroom: runs are begun and watched, and what they measured is recorded."""

import asyncio
from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from tui.locale import say
from tui.screens.classroom import Classroom
from tui.widgets.tab_strip import TabStrip

if TYPE_CHECKING:
    from textual.worker import Worker

    from lab.events.schema import LastWord
    from lessons.course import Lesson
    from lessons.exercise_steps import Exercise
    from store.progress import ExerciseState
    from tui.exercises.jobs import Doing, Work
    from tui.panes.exercise import ExercisePane
    from tui.panes.lab.messages import RunEnded, RunStarted, Status
    from tui.panes.lab.pane import LabPane
    from tui.session import Change


class ExerciseRoom(Classroom):
    """What the exercise's panes ask for is done here, and every event of it goes through `record`."""

    _lesson: "Lesson | None" = None
    _lab: "LabPane | None" = None
    _going: "Worker[None] | None" = None
    _again = False

    def record(self, kind: str, item: str = "", payload: Mapping[str, object] | None = None) -> None:
        """Append an event, and show at once what it changed."""
        raise NotImplementedError

    def _celebrate(self, change: "Change") -> None:
        raise NotImplementedError

    def witness(self, runs: Iterable[str], ended: bool = False) -> None:
        """Record what the directories of these runs prove by now; `ended` where they have just said their last word."""
        raise NotImplementedError

    @property
    def _exercise(self) -> "Exercise | None":
        return self._lesson.exercise if self._lesson else None

    def _state(self, exercise: "Exercise") -> "ExerciseState":
        from store.progress import ExerciseState

        return self._study.progress.exercises.get(exercise.id) or ExerciseState()

    async def _show_exercise(self, trouble: str = "") -> None:
        exercise = self._exercise
        await self.exercise.update_state(self._state(exercise) if exercise else None, trouble)

    def _work(self, exercise: "Exercise") -> "Work":
        from tui.exercises.jobs import Work

        def tell(doing: "Doing | None") -> None:
            if exercise is self._exercise:
                self.exercise.set_work(doing)

        return Work(exercise, self._study.place, partial(self._state, exercise), self.record, tell)

    def go_on(self, anew: bool = False) -> None:
        """Do for the exercise what can be done by now; `anew` gives up what was being done for another one."""
        if self._going is not None and self._going.is_running and not anew:
            self._again = True
            return
        if self._exercise is not None:
            self._going = self.run_worker(self._go_on(self._exercise), group="exercise", exclusive=True)
        elif self._going is not None:
            self._going.cancel()

    async def _go_on(self, exercise: "Exercise") -> None:
        from tui.exercises.stage import run_states, stage

        work, self._again = self._work(exercise), True
        while self._again:
            self._again = False
            states = run_states(exercise, self._state(exercise), self._study.runs)
            self._show_training(exercise, [name for name, state in states.items() if state == "waiting"])
            if stage(exercise, self._state(exercise)).name == "repair":
                trouble = await self._look_at_repair(work)
            else:
                trouble = next(iter(await work.go_on()), "")
                self.witness(self._state(exercise).runs.values())
            await self._show_exercise(say(self.lang, "exercise.trouble", why=trouble) if trouble else "")

    def _show_training(self, exercise: "Exercise", waiting: list[str]) -> None:
        """Show the run that is trained, in the lab beside the exercise."""
        from tui.exercises.stage import run_of

        if self._lab is None or not waiting:
            return
        run = run_of(exercise, self._state(exercise), waiting[0])
        if run is not None and not (run == self._lab.run_id and self._lab.going):
            self._lab.watch_run(run)

    async def _look_at_repair(self, work: "Work") -> str:
        """Check the learner's copy and show what is found; why that could not be done, or nothing."""
        from lab.errors import LabError
        from lessons.exercise_steps import Repair
        from tui.exercises.stage import stage

        step = work.exercise.steps[stage(work.exercise, work.state()).steps[0]]
        assert isinstance(step, Repair)
        try:
            report = await work.look_at(step)
        except (LabError, OSError) as error:
            return str(error)
        if work.exercise is self._exercise:
            self.exercise.reports[step.id] = report
        return ""

    def on_exercise_pane_check_asked(self) -> None:
        self.go_on()

    def on_exercise_pane_typed(self, event: "ExercisePane.Typed") -> None:
        """Locked for good, so it is asked once more."""
        from tui.screens.dialogs import ConfirmScreen

        async def answered(yes: bool | None) -> None:
            if yes:
                self.record("prediction.locked", event.item, {"value": event.value, "text": event.text})
            await self._show_exercise()
            if yes:
                self.go_on()

        key = "exercise.confirm-choice" if isinstance(event.value, str) else "exercise.confirm"
        question = say(self.lang, key, value=event.shown)
        yes, no = say(self.lang, "exercise.confirm.yes"), say(self.lang, "exercise.confirm.no")
        self.app.push_screen(ConfirmScreen(question, yes, no), answered)

    def on_exercise_pane_run_asked(self, event: "ExercisePane.RunAsked") -> None:
        self.run_worker(self._begin_runs(event.exercise), group="exercise-runs", exclusive=True)

    async def _begin_runs(self, exercise: "Exercise") -> None:
        from lab.errors import LabError
        from tui.exercises.stage import run_states, to_begin

        state = self._state(exercise)
        missing = to_begin(exercise, state, run_states(exercise, state, self._study.runs))
        try:
            begun = await asyncio.to_thread(self._work(exercise).begin, missing) if missing else []
        except (LabError, OSError) as error:
            await self._show_exercise(say(self.lang, "exercise.run-refused", why=str(error)))
            return
        for run in begun:
            self.record(
                "run.started", run.run, {"run": run.run, "method": run.method, "model": run.model, "data": run.data}
            )
            self.record("exercise.run", exercise.id, {"run": run.run, "name": run.name})
        await self._show_exercise()
        self.go_on()

    async def on_exercise_pane_explained(self, event: "ExercisePane.Explained") -> None:
        self.record("exercise.explained", event.item, {"sentences": event.sentences})
        await self._show_exercise()

    def on_lab_pane_run_started(self, event: "RunStarted") -> None:
        payload = {"run": event.run_id, "method": event.method, "model": event.model, "data": event.data}
        self.record("run.started", event.run_id, payload)

    def on_lab_pane_run_ended(self, event: "RunEnded") -> None:
        self.run_ended(event.run_id, event.state, event.method, event.result)

    def run_ended(self, run_id: str, state: str, method: str, result: "LastWord | None") -> None:
        """Record a run that ended, whoever noticed it, and go on with the exercise, which it may be of."""
        if state == "finished" and run_id not in self._study.progress.runs_finished:
            self._celebrate(self._study.record_finished(run_id, method, result))
        self.witness([run_id], ended=True)
        exercise = self._exercise
        if exercise is not None and (run_id in self._state(exercise).runs.values() or self._looks_for_deeds(exercise)):
            self.go_on()

    @staticmethod
    def _looks_for_deeds(exercise: "Exercise") -> bool:
        from lessons.exercise_steps import DataTask

        return any(isinstance(step, DataTask) for step in exercise.steps)

    def on_lab_pane_status(self, event: "Status") -> None:
        self.query_one(TabStrip).set_status("lab", event.text)
        self.exercise.set_status(event.text)
