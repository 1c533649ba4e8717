"""The widgets of an exercise, part by part: drawn from what the log holds, from the runs and from what was checked."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from tui.exercises.data_copies import workshop
from tui.exercises.stage import Part, TrialState, as_number, is_done, item_of, parts, stage
from tui.formatting.text_layout import Layout, barred, hang, inline, join, styled
from tui.home import Folders
from tui.locale import say
from tui.panes import exercise_sheet as sheet
from tui.widgets.choice_list import ChoiceList
from tui.widgets.containers import Vertical
from tui.widgets.form_field import NumberLine
from tui.widgets.lines import LinesView

if TYPE_CHECKING:
    from lessons.course import Exercise, Foretold, Lang, Repair, Text
    from store.progress import ExerciseState


@dataclass
class Desk:
    """All that an exercise is drawn from; `draft` is what was being written at the part it belongs to."""

    exercise: "Exercise"
    state: "ExerciseState"
    place: Folders
    lang: "Lang"
    states: Mapping[str, TrialState] = field(default_factory=dict)
    reports: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    trouble: str = ""
    status: str = ""
    work: str = ""
    draft: tuple[Part, str] | None = None

    @property
    def here(self) -> Part:
        return stage(self.exercise, self.state)

    @property
    def foretelling(self) -> bool:
        """Whether all that is seen follows from `face`; later on, folders and what engines do are seen, too."""
        return self.here.name == "predict" and all(part.name != "own-data" for part in parts(self.exercise))

    @property
    def face(self) -> object:
        """Equal where the same would be drawn."""
        return self.exercise.id, self.lang, self.state, dict(self.states), dict(self.reports), self.trouble

    def say(self, key: str, **values: object) -> str:
        return say(self.lang, f"exercise.{key}", **values)

    def text(self, text: "Text") -> Content:
        from lessons.markdown_parser import spans

        return inline(spans(text[self.lang]))

    def drafted(self, otherwise: str = "") -> str:
        return self.draft[1] if self.draft is not None and self.draft[0] == self.here else otherwise

    def widgets(self) -> list[Widget]:
        """The whole page."""
        found: list[Widget] = [
            Static(styled(self.exercise.title[self.lang]), classes="title"),
            Static(self.text(self.exercise.intro), classes="block"),
        ]
        for number, part in enumerate(parts(self.exercise), 1):
            found += self._part(number, part)
        return found

    def _part(self, number: int, part: Part) -> list[Widget]:
        now, done = part == self.here, is_done(self.exercise, part, self.state)
        head = Static(sheet.heading(self.lang, number, part.name, done, now), classes="step -now" if now else "step")
        shown = now or done or part.name == "own-data" or (part.name == "run" and "waiting" in self.states.values())
        if not shown and not (part.name == "explain" and self.state.sentences):
            return [head]
        draw = {
            "predict": self._predict,
            "run": self._run,
            "compare": self._compare,
            "repair": self._repair,
            "own-data": self._own_data,
            "explain": self._explain,
        }[part.name]
        return [head, Vertical(*draw(part, now, done), classes="body")]

    # foretold

    def _step(self, part: Part) -> "Foretold":
        from lessons.course import Prediction, Selection

        step = self.exercise.steps[part.steps[0]]
        assert isinstance(step, Prediction | Selection)
        return step

    def _predict(self, part: Part, now: bool, done: bool) -> Iterable[Widget]:
        from lessons.course import Selection

        step = self._step(part)
        locked = self.state.locked.get(item_of(self.exercise, step))
        yield Static(self.text(step.prompt))
        if isinstance(step, Selection):
            options = [self.text(option.text) for option in step.options]
            if locked is not None:
                ids = [option.id for option in step.options]
                value = str(locked.get("value"))
                chosen = options[ids.index(value)] if value in ids else Content("?")
                yield Static(sheet.locked_line(self.lang, chosen, ""))
                return
            yield ChoiceList(options, int(self.drafted("-1") or -1))
            yield self._hint("hint.choose")
        elif locked is not None:
            yield Static(sheet.locked_line(self.lang, sheet.locked_text(locked.get("value")), step.unit[self.lang]))
        else:
            yield NumberLine(self.drafted(), say(self.lang, "quiz.number"), step.unit[self.lang], step.unit.values())
            large = sheet.source_of(step) in ("truth-run", "truth-preset")
            yield self._hint("hint.lock" if large else "hint.lock-small")

    def _hint(self, key: str) -> Static:
        from lessons.numbers import EXAMPLES

        told = self.trouble or self.say(key, examples=", ".join(EXAMPLES))
        return Static(styled(told, "$warning" if self.trouble else "$text-muted"))

    # run

    def _run(self, part: Part, now: bool, done: bool) -> Iterable[Widget]:
        trials = self.exercise.trials
        if len(trials) == 1:
            fields = trials[0].fields
            words = {key: fields.get(key, "") for key in ("model", "data", "iters")}
            about = self.say("run-done") if done else self.say("run-about", **words)
            if not self.waiting:
                yield Static(styled(about, "$text-muted" if done else ""))
        else:
            yield Static(styled(self.say("all-done" if done else "run-all"), "$text-muted" if done else ""))
            if not done:
                yield LinesView(
                    sheet.run_rows(self.lang, trials, self.states, self.status), id="exercise-runs", classes="rows"
                )
        if done:
            return
        if self.waiting and len(trials) == 1:
            yield Static(styled(self.say("running", status=self.status), "$primary"), id="exercise-status")
        yield Static(styled(self.work, "$primary"), id="exercise-work")
        if self.trouble or self.gone:
            key = "run-failed" if len(trials) == 1 else "run-again"
            yield Static(styled(self.trouble or self.say(key), "$error"))
        if self.startable:
            yield Static(styled(self.say("run-key"), "bold $primary"), classes="-now")

    @property
    def waiting(self) -> bool:
        return "waiting" in self.states.values()

    @property
    def gone(self) -> bool:
        """Whether a run was begun that is no good any more."""
        return any(self.states.get(name) == "failed" for name in self._missing)

    @property
    def _missing(self) -> list[str]:
        from tui.exercises.stage import to_begin

        return to_begin(self.exercise, self.state, self.states)

    @property
    def startable(self) -> bool:
        return self.here.name == "run" and bool(self._missing)

    # compare

    def _compare(self, part: Part, now: bool, done: bool) -> Iterable[Widget]:
        step = self._step(part)
        measured = self.state.measured.get(item_of(self.exercise, step))
        if measured is None:
            yield Static(styled(self.work, "$primary"), id="exercise-work")
            if self.trouble:
                yield Static(styled(self.trouble, "$error"))
            return
        locked = self.state.locked.get(item_of(self.exercise, step), {})
        if Part("predict", part.steps) != self._before(part):  # it was asked further up
            yield Static(self.text(step.prompt).stylize_before("$text-muted"))
        yield LinesView(self._comparison(step, locked, measured))

    def _before(self, part: Part) -> Part:
        """The part just above this one, but for the runs."""
        above = [each for each in parts(self.exercise) if each.name != "run"]
        return above[above.index(part) - 1]

    def _comparison(self, step: "Foretold", locked: Mapping[str, object], measured: Mapping[str, object]) -> Layout:
        from lessons.course import Selection
        from tui.exercises.prediction_result import feedback, selected

        try:
            if isinstance(step, Selection):
                found, values = selected(self.exercise, step, locked, measured, self.place.cache)
                return sheet.choice_rows(self.lang, step, str(locked.get("value")), found, values)
            said = feedback(self.exercise, step, locked, measured, self.place.cache).text[self.lang]
        except Exception as error:  # what was measured is shown whatever the grader thinks of it
            said = say(self.lang, "quiz.not-graded", why=str(error))
        if isinstance(step, Selection):
            return barred(styled(said))
        value, truth = as_number(locked.get("value")), as_number(measured.get("truth"))
        truth = truth if step.digits else round(truth)
        return sheet.comparison(self.lang, sheet.source_of(step), value, truth, said, step.digits)

    # repair and own data

    def _repair(self, part: Part, now: bool, done: bool) -> Iterable[Widget]:
        from lessons.course import Repair

        step = self.exercise.steps[part.steps[0]]
        assert isinstance(step, Repair)
        yield Static(self.text(step.prompt))
        if done:
            yield LinesView(barred(self.text(step.exact)))
            return
        folder = workshop(self.place, self.exercise, step.folder)
        yield LinesView(self._folder(str(folder)), classes="rows")
        yield from self._report(step)
        yield Static(styled(self.say("repair.how"), "$text-muted"), classes="-now")

    def _folder(self, folder: str) -> Layout:
        """Where it lies, broken anywhere it must be, so that all of it can be read."""
        head = styled(self.say("repair.where"), "$text-muted")
        return lambda width: [head, *hang([(Content("  "), styled(folder, "$code-name"))], width)]

    def _report(self, step: "Repair") -> Iterable[Widget]:
        report = self.reports.get(step.id)
        if self.trouble:
            yield Static(styled(self.trouble, "$error"))
        if report is not None:
            yield LinesView(sheet.problem_rows(self.lang, step, report), classes="rows")
        elif not self.trouble:
            yield Static(styled(self.say("repair.looking"), "$primary"))

    def _own_data(self, part: Part, now: bool, done: bool) -> Iterable[Widget]:
        rows = []
        for number in part.steps:
            step = self.exercise.steps[number]
            kept = item_of(self.exercise, step) in self.state.measured
            text = self.text(step.prompt)
            if kept:
                text = join([text.stylize_before("$text-muted"), styled("  "), self.text(step.exact)])
            rows.append((styled("✓ " if kept else "□ ", "$success" if kept else "$faint"), text))
        yield LinesView(lambda width: hang(rows, width, gap=1), classes="rows")
        if not done:
            yield Static(
                styled(self.work or self.trouble or self.say("own-data.how"), "$text-muted"),
                id="exercise-work",
                classes="-now" if now else "",
            )

    # explain

    def _explain(self, part: Part, now: bool, done: bool) -> Iterable[Widget]:
        from tui.widgets.text_area import Sentences

        hint = self.trouble or self.say("hint.kept" if done else "hint.keep")
        style = "$warning" if self.trouble else "$success" if done else "$text-muted"
        yield Static(self.text(self.exercise.explain))
        yield Sentences(self.drafted(self.state.sentences or ""))
        yield Static(styled(hint, style), classes="-now" if now else "")
