"""The exercise: predict, run, compare, and say in your own words why."""

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Input, Static

from tui.experiment import RunState, Stage, as_number, compare, item_of, run_state, stage
from tui.keys import bind
from tui.panes.exercise_sheet import comparison, heading, locked_line
from tui.panes.page import PagePane
from tui.typeset import Layout, inline, plain, styled
from tui.widgets.fields import NumberLine
from tui.widgets.lines import LinesView
from tui.words import say

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lessons.model import Exercise, Lang, Lesson, Prediction
    from store.progress import ExerciseState


class ExercisePane(PagePane):
    """Draws what the log holds of the exercise; what the learner does is posted, and comes back through `update`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("r", "run", "exercise.run", show=True),
        bind("i,enter", "enter", "exercise.write", show=True),
        bind("ctrl+s", "keep", "exercise.keep", show=True),
    ]

    DEFAULT_CSS = """
    ExercisePane .title { color: $heading; text-style: bold; height: auto; margin-bottom: 1; }
    ExercisePane .step { height: 1; }
    ExercisePane .body { height: auto; padding-left: 3; margin-bottom: 1; }
    ExercisePane .body > Static { height: auto; margin-bottom: 1; }
    """

    lang: reactive["Lang"] = reactive("en", init=False)

    class Typed(Message):
        """A prediction was entered; it is to be confirmed before it is locked."""

        def __init__(self, item: str, value: float, text: str) -> None:
            super().__init__()
            self.item, self.value, self.text = item, value, text

    class RunAsked(Message):
        """The short run is to be started."""

        def __init__(self, exercise: "Exercise") -> None:
            super().__init__()
            self.exercise = exercise

    class Explained(Message):
        """The learner's sentences are to be kept."""

        def __init__(self, item: str, sentences: str) -> None:
            super().__init__()
            self.item, self.sentences = item, sentences

    def __init__(self, runs: Path, cache: Path) -> None:
        super().__init__("exercise")
        self._runs = runs
        self._cache = cache
        self._exercise: Exercise | None = None
        self._state: ExerciseState | None = None
        self._run_state: RunState = "none"
        self._trouble = ""
        self._status = ""
        self._draft: tuple[Stage | None, str] | None = None
        self._drawn: Stage | None = None

    async def open(self, lesson: "Lesson", state: "ExerciseState | None") -> None:
        self._exercise = lesson.exercise
        await self.update_state(state)

    async def update_state(self, state: "ExerciseState | None", trouble: str = "") -> None:
        """Draw the exercise as the log now has it; `trouble` is one line about what just went wrong."""
        if self._exercise is not None:
            from store.progress import ExerciseState

            self._state = state or ExerciseState()
            self._trouble = trouble
            self._run_state = run_state(self._runs, self._state.run)
        await self._draw()

    def set_status(self, text: str) -> None:
        """How far the run is."""
        self._status = text
        for view in self.page.query("#exercise-status"):
            assert isinstance(view, Static)
            view.update(styled(self._running_text(), "$primary"))

    @property
    def stage(self) -> Stage | None:
        if self._exercise is None or self._state is None:
            return None
        return stage(self._exercise, self._state)

    @property
    def run_id(self) -> str | None:
        """The run whose adapter is still to be counted."""
        here = self.stage
        return self._state.run if self._state and here and here.name == "run" else None

    async def watch_lang(self) -> None:
        await self._draw()

    async def _draw(self) -> None:
        self._remember_draft()
        self._drawn = self.stage
        held = self.has_focus_within
        await self.redraw(self._widgets())
        self.refresh_bindings()
        self.when_set(lambda: self._settle(held))

    def _settle(self, held: bool) -> None:
        if held:
            self._focus_entry()
        for view in self.page.query(".-now"):
            view.scroll_visible(animate=False, top=False)

    def enter(self) -> None:
        """Take the focus, and give it on to whatever is to be written."""
        self.focus()
        self.call_after_refresh(self._focus_entry)

    def _focus_entry(self) -> None:
        field = next(iter(self.page.query("Input, TextArea")), None)
        if field is None:
            self.focus()
        elif not (self.stage and self.stage.name == "done"):
            field.focus()

    def _remember_draft(self) -> None:
        for field in self.page.query("Input, TextArea"):
            self._draft = self._drawn, field.value if isinstance(field, Input) else getattr(field, "text", "")

    def _take_draft(self, otherwise: str) -> str:
        """What was being written when this stage was last drawn."""
        if self._draft is None or self._draft[0] != self.stage:
            return otherwise
        return self._draft[1]

    def _widgets(self) -> list[Widget]:
        exercise, state, here = self._exercise, self._state, self.stage
        if exercise is None or state is None or here is None:
            return [Static(styled(say(self.lang, "exercise.empty"), "$text-muted"), classes="block")]
        from lessons.parse import spans

        widgets: list[Widget] = [
            Static(styled(exercise.title[self.lang]), classes="title"),
            Static(inline(spans(exercise.intro[self.lang])), classes="block"),
        ]
        number = 0
        for index, step in enumerate(exercise.steps):
            for part in ("predict", "run", "compare") if step.source == "run" else ("predict", "compare"):
                number += 1
                widgets += self._part(number, part, index, step, here)
        widgets += self._explain(number + 1, exercise, state, here)
        return widgets

    def _part(self, number: int, part: str, index: int, step: "Prediction", here: Stage) -> list[Widget]:
        assert self._exercise is not None and self._state is not None
        item = item_of(self._exercise, step)
        locked, measured = self._state.locked.get(item), self._state.measured.get(item)
        now = here.step == index and (
            (part == "predict" and here.name == "predict") or (part == "run" and here.name == "run")
        )
        done = locked is not None if part == "predict" else measured is not None
        head = Static(heading(self.lang, number, part, done, now), classes="step -now" if now else "step")
        if not done and not now:
            return [head]
        if part == "predict":
            return [head, Vertical(*self._predict(step, locked), classes="body")]
        if part == "run":
            return [head, Vertical(*self._run_widgets(done), classes="body")]
        assert locked is not None and measured is not None
        return [head, Vertical(LinesView(self._comparison(step, locked, measured)), classes="body")]

    def _predict(self, step: "Prediction", locked: "Mapping[str, object] | None") -> list[Widget]:
        from lessons.parse import spans

        prompt = Static(inline(spans(step.prompt[self.lang])))
        if locked is not None:
            return [prompt, Static(locked_line(self.lang, locked, step.unit[self.lang]))]
        field = NumberLine(self._take_draft(""), say(self.lang, "quiz.number"), step.unit[self.lang])
        hint = self._trouble or say(self.lang, "exercise.hint.lock")
        return [prompt, field, Static(styled(hint, "$warning" if self._trouble else "$text-muted"))]

    def _run_widgets(self, done: bool) -> list[Widget]:
        assert self._exercise is not None
        if done:
            return [Static(styled(say(self.lang, "exercise.run-done"), "$text-muted"))]
        if self._run_state == "waiting":
            return [Static(styled(self._running_text(), "$primary"), id="exercise-status")]
        widgets: list[Widget] = [Static(styled(say(self.lang, "exercise.run-about", **self._run_words())))]
        if self._trouble or self._run_state == "failed":
            text = self._trouble or say(self.lang, "exercise.run-failed")
            widgets.append(Static(styled(text, "$error")))
        widgets.append(Static(styled(say(self.lang, "exercise.run-key"), "bold $primary"), classes="-now"))
        return widgets

    def _run_words(self) -> dict[str, object]:
        assert self._exercise is not None
        run = self._exercise.run
        return {"model": run.get("model", ""), "data": run.get("data", ""), "iters": run.get("iters", "")}

    def _running_text(self) -> str:
        return say(self.lang, "exercise.running", status=self._status)

    def _comparison(
        self, step: "Prediction", locked: "Mapping[str, object]", measured: "Mapping[str, object]"
    ) -> Layout:
        assert self._exercise is not None
        value, truth = as_number(locked.get("value")), round(as_number(measured.get("truth")))
        try:
            feedback = compare(self._exercise, step, value, truth, self._cache).text[self.lang]
        except Exception as error:  # numbers already measured are shown whatever the grader thinks of them
            feedback = say(self.lang, "quiz.not-graded", why=str(error))
        return comparison(self.lang, step.source, value, truth, feedback)

    def _explain(self, number: int, exercise: "Exercise", state: "ExerciseState", here: Stage) -> list[Widget]:
        from lessons.parse import spans
        from tui.widgets.sentences import Sentences

        now, done = here.name == "explain", here.name == "done"
        head = Static(heading(self.lang, number, "explain", done, now), classes="step -now" if now else "step")
        if not now and not done:
            return [head]
        field = Sentences(self._take_draft(state.sentences or ""))
        hint = self._trouble or say(self.lang, "exercise.hint.kept" if done else "exercise.hint.keep")
        style = "$warning" if self._trouble else "$success" if done else "$text-muted"
        prompt = Static(inline(spans(exercise.explain[self.lang])))
        return [head, Vertical(prompt, field, Static(styled(hint, style), classes="-now"), classes="body")]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        here = self.stage
        match action:
            case "run":
                return here is not None and here.name == "run" and self._run_state != "waiting"
            case "keep":
                return here is not None and here.name in ("explain", "done")
            case "enter":
                return here is not None and here.name in ("predict", "explain", "done") and self.has_focus
        return True

    def action_enter(self) -> None:
        for field in self.page.query("Input, TextArea"):
            field.focus()

    def action_run(self) -> None:
        if self._exercise is not None:
            self.post_message(self.RunAsked(self._exercise))

    async def action_keep(self) -> None:
        sentences = "".join(getattr(field, "text", "") for field in self.page.query("TextArea")).strip()
        if self._exercise is None:
            return
        if not sentences:
            await self.update_state(self._state, say(self.lang, "exercise.nothing-written"))
            return
        self.post_message(self.Explained(self._exercise.id, plain(sentences)))

    async def on_input_submitted(self, event: Input.Submitted) -> None:
        """Read the number; what is no number stays in the field, and is explained."""
        from lessons.grade import parse_number
        from lessons.numbers import NotANumber

        event.stop()
        here = self.stage
        if self._exercise is None or here is None or here.name != "predict":
            return
        text = plain(event.value).strip()
        try:
            value = parse_number(text).value
        except NotANumber as error:
            await self.update_state(self._state, error.text[self.lang])
            return
        self.post_message(self.Typed(item_of(self._exercise, self._exercise.steps[here.step]), value, text))
