"""The values of a course. The loader builds them; nobody changes them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import i18n

Lang = str
LANGS: tuple[Lang, ...] = i18n.languages()
"""Every language of the program. A lesson that has no folder for one of them is in English there."""
Text = Mapping[Lang, str]
"""One plain string per language; it may hold inline Markdown, which `lessons.markdown_parser.spans` reads."""


class ContentError(ValueError):
    """Content that cannot be used: which file, which line (1 when unknown), and what to do about it."""

    def __init__(self, file: Path | str, line: int, message: str) -> None:
        super().__init__(f"{file}:{line}: {message}")
        self.file = Path(file)
        self.line = line
        self.message = message


class NotGraded(ValueError):
    """An answer that cannot be judged, which is never "wrong"; `text` says why in one line per language."""

    def __init__(self, en: str, ko: str) -> None:
        self.text: Text = i18n.Translated(en=en, ko=ko)
        super().__init__(en)


@dataclass(frozen=True)
class Span:
    """A run of inline text in one style; `href` is set for links only."""

    text: str
    kind: Literal["plain", "strong", "em", "code", "link", "formula"] = "plain"
    href: str = ""


Spans = tuple[Span, ...]


@dataclass(frozen=True)
class Paragraph:
    spans: Spans


@dataclass(frozen=True)
class Bullets:
    items: tuple[Spans, ...]
    ordered: bool = False


@dataclass(frozen=True)
class Code:
    """A titled code block; `language` is a highlighter name such as "bash"."""

    id: str
    title: str
    language: str
    text: str


@dataclass(frozen=True)
class Quote:
    spans: Spans


@dataclass(frozen=True)
class Diagram:
    """Preformatted text, at most 76 cells wide, to be drawn as it stands."""

    text: str


@dataclass(frozen=True)
class Table:
    header: tuple[Spans, ...]
    rows: tuple[tuple[Spans, ...], ...]


@dataclass(frozen=True)
class Bar:
    """A length of at least 0, and how it is written, with its unit."""

    id: str
    label: Text
    length: float
    shown: str


@dataclass(frozen=True)
class Bars:
    """Lengths beside one another, all from 0."""

    title: Text
    bars: tuple[Bar, ...]


@dataclass(frozen=True)
class ChartLine:
    """(x, y) pairs in order of x, all finite."""

    id: str
    title: Text
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Chart:
    """Lines over one pair of axes, whose titles are `x` and `y`; `log_y` draws powers of ten evenly spaced.

    One that stands in the text has a `title`, and one of a question has the question.
    """

    x: Text
    y: Text
    lines: tuple[ChartLine, ...]
    log_y: bool
    title: Text | None = None


Block = Paragraph | Bullets | Code | Quote | Diagram | Table | Bars | Chart


@dataclass(frozen=True)
class Section:
    """`blocks` are parsed when a language is first asked for, and may raise ContentError then."""

    id: str
    title: Text
    blocks: Mapping[Lang, tuple[Block, ...]]
    source_hash: str
    """Of the English text as it is now."""
    translated_from: Mapping[Lang, str]
    """Of the English text that each translation was made from; "" when nobody recorded it."""


@dataclass(frozen=True)
class Option:
    """One of several to choose from, or one step of an order; `why` is shown with every verdict."""

    id: str
    text: Text
    why: Text
    correct: bool


@dataclass(frozen=True)
class Misconception:
    """A way to be wrong: the value it leads to, and what to say to the person who got that value."""

    id: str
    formula: str
    title: Text
    feedback: Text


@dataclass(frozen=True)
class NumberAnswer:
    """`formula` over `parameters` is the answer; right is within `tolerance` (0.01 is 1 %) of it.

    `sizes` holds the parameters that are drawn anew for each attempt, with all they may be; in
    `parameters` stand those of this attempt.
    """

    formula: str
    parameters: Mapping[str, int | float]
    unit: Text
    tolerance: float
    right: Text
    off: Text
    misconceptions: tuple[Misconception, ...]
    sizes: Mapping[str, Sequence[int]] = field(default_factory=dict)


@dataclass(frozen=True)
class KnownMistake:
    """Wrong ways to fill a gap that come from one mistake, and what to say to the person who made it."""

    id: str
    spellings: tuple[str, ...]
    title: Text
    feedback: Text


GAP = "___"
"""How a command shows where something is missing."""


@dataclass(frozen=True)
class Gap:
    """`command` holds GAP once; right is any of `accepted`, of which the first is shown as the answer."""

    command: str
    accepted: tuple[str, ...]
    right: Text
    off: Text
    mistakes: tuple[KnownMistake, ...]

    def filled(self, spelling: str) -> str:
        """The command with `spelling` in its gap."""
        return self.command.replace(GAP, spelling)


Kind = Literal["one", "many", "number", "order", "flag"]


@dataclass(frozen=True)
class Question:
    """`options` for "one", "many" and "order" (there in the right order), `number` for "number", `gap` for "flag".

    `section` is the full id of the section it belongs to. Any kind may have a `chart` to read and
    `hints`, of which the later ones say more. `template` is the same question with {{name}} still in
    its texts wherever a size is drawn for each attempt (see lessons.question_variants); None where none is drawn.
    """

    id: str
    kind: Kind
    section: str
    prompt: Text
    options: tuple[Option, ...]
    number: NumberAnswer | None
    gap: Gap | None = None
    chart: Chart | None = None
    hints: tuple[Text, ...] = ()
    template: "Question | None" = None


CHOICE_NAMES = frozenset({"truth", "value", "best"})
"""What texts of a choice may name: the true option, what was measured for the chosen one, and for the true one."""
After = Literal["evaluate", "inspect", "fuse"]
AFTER: tuple[After, ...] = ("evaluate", "inspect", "fuse")
"""What may be measured of a run when it has ended."""

TOLD = (
    *("iterations", "train_loss", "val_loss", "first_val_loss", "best_val_loss", "best_iteration"),
    *(
        "seconds_per_iteration",
        "peak_memory_mb",
        "adapter_bytes",
        "trainable_parameters",
        "total_parameters",
        "diverged",
    ),
)
"""What every run tells of itself."""
WAYS = ("quantized", "dequantized", "separate", "fused")
MEASURED: Mapping[After, tuple[str, ...]] = {
    "evaluate": ("exact_match", "base_exact_match"),
    "inspect": ("energy_in_rank", "effective_rank"),
    "fuse": ("effect_nats", *(f"{what}_{way}" for what in ("kl", "lost", "bytes") for way in WAYS)),
}
"""What is known of a run only when it was measured afterwards, by what measures it."""
COUNTED = ("rows", "tokens", "supervised_tokens", "masked_share")
"""What the check counts in the training rows of a bundled data set, or of a folder that is repaired."""

DEEDS = ("data-checked", "baseline-scored", "run-finished", "run-scored", "report-written")
DataTaskKind = Literal["data-checked", "baseline-scored", "run-finished", "run-scored", "report-written"]
Take = Literal["lowest", "highest"]


@dataclass(frozen=True)
class Trial:
    """A run of an exercise by its name: RunSpec fields, and what is measured of it afterwards."""

    name: str
    fields: Mapping[str, object]
    after: tuple[After, ...] = ()


@dataclass(frozen=True)
class Prediction:
    """A number predicted before it is measured.

    `truth` is a formula over measurements such as lora.train_loss and, where there is a `source`, over the names of a
    model's shape: "run:NAME" takes that run's model, "preset:NAME" a published one. `tolerance` is relative, `within`
    absolute, `digits` the decimals of the truth, and `most` the most that can be predicted. `exact`, `close` and `off`
    may hold {{predicted}}, {{truth}}, {{difference}} and {{times}}, which the grader fills in.
    """

    id: str
    prompt: Text
    unit: Text
    source: str
    truth: str
    tolerance: float
    within: float
    digits: int
    exact: Text
    close: Text
    off: Text
    misconceptions: tuple[Misconception, ...]
    most: float


@dataclass(frozen=True)
class Alternative:
    """One thing to predict: what its `formula` measures decides; `chosen` is said to who chose it and was wrong."""

    id: str
    formula: str
    text: Text
    chosen: Text


@dataclass(frozen=True)
class Selection:
    """One of several predicted: the truth is the one whose value is lowest or highest.

    Values within `tie` of it (0.02 is 2 %) count as right too. Texts may hold {{truth}}, {{value}} and {{best}}.
    """

    id: str
    prompt: Text
    unit: Text
    options: tuple[Alternative, ...]
    take: Take
    tie: float
    digits: int
    exact: Text
    source: str = ""


@dataclass(frozen=True)
class Repair:
    """A broken data set, copied to the learner once: done when the check finds no error in it any more.

    With `clean`, no warning either; `rows` are to be left in train.jsonl at least. `repaired` passes.
    """

    id: str
    prompt: Text
    exact: Text
    folder: str
    broken: Path
    repaired: Path
    clean: bool = False
    rows: int = 1

    def passes(self, report: Mapping[str, float]) -> bool:
        """Whether a check that found so many `errors`, `warnings` and training `rows` is what is asked for."""
        return not report["errors"] and not (self.clean and report["warnings"]) and report["rows"] >= self.rows


@dataclass(frozen=True)
class DataTask:
    """Something done with data of the learner's own; the program looks whether it is."""

    id: str
    prompt: Text
    exact: Text
    deed: DataTaskKind


Foretold = Prediction | Selection
Step = Prediction | Selection | Repair | DataTask


@dataclass(frozen=True)
class Exercise:
    """`trials` are begun together, once all that hangs on them is predicted; `explain` asks for two sentences.

    `typical` holds what the measurements were when the author made the runs, by which the check tries out every answer.
    """

    id: str
    title: Text
    intro: Text
    steps: tuple[Step, ...]
    trials: tuple[Trial, ...]
    explain: Text
    typical: Mapping[str, float] = field(default_factory=dict)

    def trial(self, name: str) -> Trial | None:
        """The run of this name."""
        return next((trial for trial in self.trials if trial.name == name), None)


@dataclass(frozen=True)
class Link:
    id: str
    url: str
    title: Text


@dataclass(frozen=True)
class Lesson:
    id: str
    track: str
    number: int
    minutes: int
    status: Literal["draft", "published"]
    tags: tuple[str, ...]
    prerequisites: tuple[str, ...]
    links: tuple[Link, ...]
    title: Text
    summary: Text
    sections: tuple[Section, ...]
    questions: tuple[Question, ...]
    exercise: Exercise | None
    numbers: Mapping[str, int | float | str]


@dataclass(frozen=True)
class Track:
    """`planned` counts the lessons the track will have; `lessons` are those written so far, in order."""

    id: str
    title: Text
    planned: int
    lessons: tuple[Lesson, ...]


@dataclass(frozen=True)
class Course:
    tracks: tuple[Track, ...]
    total_lessons: int

    @property
    def lessons(self) -> tuple[Lesson, ...]:
        """The lessons of all tracks, in order."""
        return tuple(lesson for track in self.tracks for lesson in track.lessons)

    def lesson(self, lesson_id: str) -> Lesson:
        """The lesson with this full id ("lora/why-lora"); KeyError when there is none."""
        for lesson in self.lessons:
            if lesson.id == lesson_id:
                return lesson
        raise KeyError(lesson_id)


@dataclass(frozen=True)
class Graded:
    """The verdict on a choice: `options` holds (option, was it chosen, is it correct), in order."""

    right: bool
    options: tuple[tuple[Option, bool, bool], ...]


@dataclass(frozen=True)
class Ordered:
    """The verdict on an order: (step, the place it was given), places from 1, steps in the right order."""

    right: bool
    places: tuple[tuple[Option, int], ...]


@dataclass(frozen=True)
class Filled:
    """The verdict on a filled gap; `mistake` is the known one that was made, if any."""

    right: bool
    mistake: KnownMistake | None
    text: Text


@dataclass(frozen=True)
class Feedback:
    """The verdict on a number: `difference` is predicted minus truth, `ratio` predicted over truth."""

    kind: Literal["exact", "close", "misconception", "off"]
    misconception: Misconception | None
    truth: int | float
    difference: int
    ratio: float
    text: Text

    @property
    def right(self) -> bool:
        return self.kind in ("exact", "close")


Verdict = Graded | Ordered | Filled | Feedback
