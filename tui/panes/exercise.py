"""The exercise: foretell, run, compare, repair, and say in your own words why."""

from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import BindingType
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Input, Static

from tui.exercises.stage import Part, item_of, run_states
from tui.formatting.text_layout import plain, styled
from tui.home import Folders
from tui.key_bindings import bind
from tui.locale import say
from tui.panes.exercise_parts import Desk
from tui.panes.exercise_sheet import run_rows
from tui.widgets.choice_list import ChoiceList
from tui.widgets.lines import LinesView
from tui.widgets.page import PagePane

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lessons.course import Exercise, Lang, Lesson
    from store.progress import ExerciseState
    from tui.exercises.jobs import Doing

FIELDS = {"predict": "Input, ChoiceList", "explain": "TextArea", "done": "TextArea"}
"""Where something is written, by what is to be done."""


class ExercisePane(PagePane):
    """Draws what the log holds of the exercise; what the learner does is posted, and comes back through `update`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("r", "run", "exercise.run", show=True),
        bind("c", "check", "exercise.check", show=True),
        bind("i,enter", "enter", "exercise.write", show=True),
        bind("ctrl+s", "keep", "exercise.keep", show=True),
    ]

    lang: reactive["Lang"] = reactive("en", init=False)

    class Typed(Message):
        """A prediction was entered; it is to be confirmed before it is locked. `shown` is it in words."""

        def __init__(self, item: str, value: object, text: str, shown: str = "") -> None:
            super().__init__()
            self.item, self.value, self.text, self.shown = item, value, text, shown

    class RunAsked(Message):
        """The short runs are to be started."""

        def __init__(self, exercise: "Exercise") -> None:
            super().__init__()
            self.exercise = exercise

    class CheckAsked(Message):
        """What was repaired or done elsewhere is to be looked at again."""

    class Explained(Message):
        """The learner's sentences are to be kept."""

        def __init__(self, item: str, sentences: str) -> None:
            super().__init__()
            self.item, self.sentences = item, sentences

    def __init__(self, place: Folders) -> None:
        super().__init__("exercise")
        self._place = place
        self._desk: Desk | None = None
        self._drawn: Part | None = None
        self._face: object = None

    async def open(self, lesson: "Lesson", state: "ExerciseState | None") -> None:
        from store.progress import ExerciseState

        exercise = lesson.exercise
        self._desk = Desk(exercise, state or ExerciseState(), self._place, self.lang) if exercise else None
        await self.update_state(state)

    async def update_state(self, state: "ExerciseState | None", trouble: str = "") -> None:
        """Draw the exercise as the log now has it; `trouble` is one line about what just went wrong."""
        desk = self._desk
        if desk is not None:
            desk.state, desk.trouble = state or desk.state, trouble
            desk.states = run_states(desk.exercise, desk.state, self._place.runs)
        await self.draw()

    @property
    def reports(self) -> "dict[str, Mapping[str, Any]]":
        """What the check said of broken data, by the step's id; drawn at the next update."""
        return self._desk.reports if self._desk else {}

    def set_status(self, text: str) -> None:
        """How far the run is that is trained."""
        if self._desk is None:
            return
        self._desk.status = text
        for view in self.page.query("#exercise-status"):
            assert isinstance(view, Static)
            view.update(styled(self._desk.say("running", status=text), "$primary"))
        for view in self.page.query("#exercise-runs"):
            assert isinstance(view, LinesView)
            view.set_layout(run_rows(self.lang, self._desk.exercise.trials, self._desk.states, text))

    def set_work(self, doing: "Doing | None") -> None:
        """What an engine measures now, and how far it is."""
        if self._desk is None:
            return
        text = ""
        if doing is not None:
            what = self._desk.say(f"work.{doing.what}")
            key = "work-share" if doing.total else "work"
            text = self._desk.say(key, what=what, of=doing.of, done=doing.done, total=doing.total)
        self._desk.work = text
        for view in self.page.query("#exercise-work"):
            assert isinstance(view, Static)
            view.update(styled(text, "$primary"))

    @property
    def stage(self) -> Part | None:
        return self._desk.here if self._desk else None

    async def watch_lang(self) -> None:
        await self.draw()

    async def draw(self) -> None:
        """Draw what is known, or that there is nothing."""
        desk = self._desk
        if desk is not None:
            desk.lang = self.lang
            if desk.foretelling and desk.face == self._face:
                return
        held = await self.renew(self._widgets)
        self.refresh_bindings()
        self.when_set(lambda: self._settle(held))

    def _widgets(self) -> list[Widget]:
        desk = self._desk
        self._remember_draft()
        self._drawn, self._face = self.stage, desk.face if desk is not None else None
        nothing: list[Widget] = [Static(styled(say(self.lang, "exercise.empty"), "$text-muted"), classes="block")]
        return desk.widgets() if desk is not None else nothing

    def _come_to_it(self) -> None:
        self.call_after_refresh(self._settle, True)

    def _settle(self, held: bool) -> None:
        if held:
            self.release_keys()
        for view in self.page.query(".-now"):
            view.scroll_visible(animate=False, immediate=True)  # and then the field, once it has the keys

    def enter(self) -> None:
        """Take the focus, and give it on to whatever is to be written."""
        self.hold_keys()
        self.when_set(self._come_to_it)

    def _fields(self, part: Part | None) -> list[Widget]:
        """Where something is written now."""
        return list(self.page.query(FIELDS[part.name])) if part is not None and part.name in FIELDS else []

    def _entry(self) -> Widget | None:
        """What takes the keys: the field where something is to be written; None for the pane itself."""
        done = self.stage is not None and self.stage.name == "done"
        return next(iter(self._fields(self.stage)), None) if not done else None

    def _remember_draft(self) -> None:
        if self._desk is None or self._drawn is None:
            return
        for field in self._fields(self._drawn):
            held: Any = field.chosen if isinstance(field, ChoiceList) else getattr(field, "text", "")
            held = field.value if isinstance(field, Input) else held
            self._desk.draft = self._drawn, str(held)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        here = self.stage
        match action:
            case "run":
                return self._desk is not None and self._desk.startable
            case "check":
                return here is not None and here.name in ("repair", "own-data")
            case "keep":
                return here is not None and here.name in ("explain", "done")
            case "enter":
                return here is not None and here.name in ("predict", "explain", "done") and self.has_focus
        return True

    def action_enter(self) -> None:
        for field in self._fields(self.stage):
            field.focus()

    def action_run(self) -> None:
        if self._desk is not None:
            self.post_message(self.RunAsked(self._desk.exercise))

    def action_check(self) -> None:
        self.post_message(self.CheckAsked())

    async def action_keep(self) -> None:
        sentences = "".join(getattr(field, "text", "") for field in self.page.query("TextArea")).strip()
        if self._desk is None:
            return
        if not sentences:
            await self.update_state(self._desk.state, say(self.lang, "exercise.nothing-written"))
            return
        self.post_message(self.Explained(self._desk.exercise.id, plain(sentences)))

    async def on_input_submitted(self, event: Input.Submitted) -> None:
        """Read the number; what is none, or cannot be, stays in the field, and is explained."""
        from lessons.course import NotGraded, Prediction
        from lessons.grading import read_prediction
        from tui.panes.exercise_sheet import count

        event.stop()
        here, desk = self.stage, self._desk
        if desk is None or here is None or here.name != "predict":
            return
        step = desk.exercise.steps[here.steps[0]]
        assert isinstance(step, Prediction)
        text = plain(event.value).strip()
        try:
            value = read_prediction(step, text)
        except NotGraded as error:
            await self.update_state(desk.state, error.text[self.lang])
            return
        self.post_message(self.Typed(item_of(desk.exercise, step), value, text, count(value)))

    def on_choice_list_taken(self, event: ChoiceList.Taken) -> None:
        from lessons.course import Selection

        event.stop()
        here, desk = self.stage, self._desk
        if desk is None or here is None or here.name != "predict":
            return
        step = desk.exercise.steps[here.steps[0]]
        assert isinstance(step, Selection)
        option = step.options[event.number]
        self.post_message(self.Typed(item_of(desk.exercise, step), option.id, "", desk.text(option.text).plain))
