"""The values of a course. The loader builds them; nobody changes them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import i18n

if TYPE_CHECKING:
    from lessons.exercise_steps import Exercise

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
    exercise: "Exercise | None"
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
