"""What the exercise asks for: predictions are locked, runs are begun and measured, and all of it is recorded."""

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from tui.locale import say
from tui.panes.exercise import ExercisePane

if TYPE_CHECKING:
    from textual.worker import Worker

    from lessons.course import Exercise, Lesson
    from store.progress import ExerciseState
    from tui.exercises.jobs import Doing, Work
    from tui.panes.lab.pane import LabPane
    from tui.session import LearnerSession


class ExerciseController:
    """Does the work of one exercise pane; `lab` is where its runs are shown, None while there is no such pane."""

    def __init__(self, pane: ExercisePane, session: "LearnerSession") -> None:
        self.pane = pane
        self.lab: LabPane | None = None
        self._session = session
        self._exercise: Exercise | None = None
        self._going: Worker[None] | None = None
        self._again = False

    async def open(self, lesson: "Lesson") -> None:
        """Show the exercise of a lesson, and do for it what can be done by now."""
        await self.show(lesson)
        self.go_on(anew=True)

    async def show(self, lesson: "Lesson") -> None:
        """Show the exercise of a lesson as the log has it."""
        self._exercise = lesson.exercise
        await self.pane.open(lesson, self._state(lesson.exercise) if lesson.exercise else None)

    async def update(self, trouble: str = "") -> None:
        """Show the exercise as the log has it now, with one line about what went wrong."""
        await self.pane.update_state(self._state(self._exercise) if self._exercise else None, trouble)

    def _state(self, exercise: "Exercise") -> "ExerciseState":
        from store.progress import ExerciseState

        return self._session.progress.exercises.get(exercise.id) or ExerciseState()

    def _say(self, key: str, **values: object) -> str:
        return say(self._session.lang, key, **values)

    def _work(self, exercise: "Exercise") -> "Work":
        from tui.exercises.jobs import Work

        def tell(doing: "Doing | None") -> None:
            if exercise is self._exercise:
                self.pane.set_work(doing)

        return Work(exercise, self._session.folders, partial(self._state, exercise), self._session.record, tell)

    def go_on(self, anew: bool = False) -> None:
        """Do for the exercise what can be done by now; `anew` gives up what was being done for another one."""
        if self._going is not None and self._going.is_running and not anew:
            self._again = True
            return
        if self._exercise is not None:
            self._going = self.pane.run_worker(self._go_on(self._exercise), group="exercise", exclusive=True)
        elif self._going is not None:
            self._going.cancel()

    async def _go_on(self, exercise: "Exercise") -> None:
        from tui.exercises.stage import run_states, stage

        work, self._again = self._work(exercise), True
        while self._again:
            self._again = False
            states = run_states(exercise, self._state(exercise), self._session.runs)
            self._show_training(exercise, [name for name, state in states.items() if state == "waiting"])
            if stage(exercise, self._state(exercise)).name == "repair":
                trouble = await self._look_at_repair(work)
            else:
                trouble = next(iter(await work.go_on()), "")
                runs = list(self._state(exercise).runs.values())
                self.pane.run_worker(self._session.look_at_runs(runs))
            await self.update(self._say("exercise.trouble", why=trouble) if trouble else "")

    def _show_training(self, exercise: "Exercise", waiting: list[str]) -> None:
        """Show the run that is trained, in the lab beside the exercise."""
        from tui.exercises.stage import run_of

        if self.lab is None or not waiting:
            return
        run = run_of(exercise, self._state(exercise), waiting[0])
        if run is not None and not (run == self.lab.run_id and self.lab.going):
            self.lab.watch_run(run)

    async def _look_at_repair(self, work: "Work") -> str:
        """Check the learner's copy and show what is found; why that could not be done, or nothing."""
        from lab.errors import LabError
        from lessons.course import Repair
        from tui.exercises.stage import stage

        step = work.exercise.steps[stage(work.exercise, work.state()).steps[0]]
        assert isinstance(step, Repair)
        try:
            report = await work.look_at(step)
        except (LabError, OSError) as error:
            return str(error)
        if work.exercise is self._exercise:
            self.pane.reports[step.id] = report
        return ""

    def run_ended(self, run_id: str) -> None:
        """Go on if the run is one of the exercise, or may be what a task asks for."""
        from lessons.course import DataTask

        exercise = self._exercise
        if exercise is None:
            return
        tasks = any(isinstance(step, DataTask) for step in exercise.steps)
        if tasks or run_id in self._state(exercise).runs.values():
            self.go_on()

    def predict(self, event: ExercisePane.Typed) -> None:
        """Lock a prediction; that is for good, so it is asked once more."""
        from tui.widgets.dialogs import ConfirmScreen

        async def answered(yes: bool | None) -> None:
            if yes:
                self._session.record("prediction.locked", event.item, {"value": event.value, "text": event.text})
            await self.update()
            if yes:
                self.go_on()

        key = "exercise.confirm-choice" if isinstance(event.value, str) else "exercise.confirm"
        question = self._say(key, value=event.shown)
        yes, no = self._say("exercise.confirm.yes"), self._say("exercise.confirm.no")
        self.pane.app.push_screen(ConfirmScreen(question, yes, no), answered)

    async def explain(self, event: ExercisePane.Explained) -> None:
        """Keep the learner's sentences."""
        self._session.record("exercise.explained", event.item, {"sentences": event.sentences})
        await self.update()

    def run(self, exercise: "Exercise") -> None:
        """Begin the runs of the exercise."""
        self.pane.run_worker(self._run(exercise), group="exercise-runs", exclusive=True)

    async def _run(self, exercise: "Exercise") -> None:
        from lab.errors import LabError
        from tui.exercises.stage import run_states, to_begin

        state = self._state(exercise)
        missing = to_begin(exercise, state, run_states(exercise, state, self._session.runs))
        try:
            begun = await asyncio.to_thread(self._work(exercise).begin, missing) if missing else []
        except (LabError, OSError) as error:
            await self.update(self._say("exercise.run-refused", why=str(error)))
            return
        for run in begun:
            self._session.record_started(run.run, run.method, run.model, run.data)
            self._session.record("exercise.run", exercise.id, {"run": run.run, "name": run.name})
        await self.update()
        self.go_on()
