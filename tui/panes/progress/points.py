"""Every point: what it was given for and when, what was taken off, and what is still to earn."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from textual.content import Content

from tui.formatting.text_layout import Lines, bar, hang, inline, join, spread, styled
from tui.locale import say
from tui.widgets.data_grid import Column, DataGridRow

if TYPE_CHECKING:
    from lessons.course import Course, Lang, Lesson, Question
    from store.ledger import Award
    from store.progress import Progress

RUNS: Final = "runs"
"""The key of the group that belongs to no lesson."""
DEEDS: Final = {"section": ("section",), "question": ("question", "first-try", "review"),
                "exercise": ("measured", "explained"), "run": ("run",)}  # fmt: skip
"""The awards that each kind of thing can earn."""


@dataclass(frozen=True)
class Point:
    """One thing that earns XP: `got` are the awards given for it, `costs` what was lost for good, by its reason."""

    kind: str
    item: str
    title: str
    about: str
    got: tuple["Award", ...] = ()
    costs: Mapping[str, int] | None = None
    hints: int = 0

    @property
    def earned(self) -> int:
        return sum(award.xp for award in self.got)

    @property
    def lost(self) -> int:
        return sum((self.costs or {}).values())

    @property
    def worth(self) -> int:
        """What it earns without hint or mistake."""
        from store.xp import XP

        return sum(XP[award] for award in DEEDS[self.kind])

    @property
    def at(self) -> str:
        return max((award.at for award in self.got), default="")


@dataclass(frozen=True)
class Group:
    """The points of a lesson, or of the runs; `key` is the lesson's id or RUNS."""

    key: str
    title: str
    points: tuple[Point, ...]

    @property
    def earned(self) -> int:
        return sum(point.earned for point in self.points)

    @property
    def worth(self) -> int:
        return sum(point.worth for point in self.points)


def groups(course: "Course", progress: "Progress", lang: "Lang") -> list[Group]:
    """Every point there is, by lesson in the order of the course, and the runs behind them."""
    from store.xp import METHODS

    awards: dict[str, list[Award]] = {}
    for award in progress.awards:
        awards.setdefault(award.item, []).append(award)
    found = [
        Group(lesson.id, f"{lesson.number}  {lesson.title[lang]}", tuple(_of(lesson, progress, awards, lang)))
        for track in course.tracks
        for lesson in track.lessons
    ]
    runs = (Point("run", method, method, "", tuple(awards.get(method, ()))) for method in METHODS)
    return [*found, Group(RUNS, say(lang, "points.runs"), tuple(runs))]


def _of(
    lesson: "Lesson", progress: "Progress", awards: Mapping[str, Sequence["Award"]], lang: "Lang"
) -> Iterator[Point]:
    for section in lesson.sections:
        yield Point("section", section.id, section.title[lang], "", tuple(awards.get(section.id, ())))
    for number, question in enumerate(lesson.questions, 1):
        yield _question(number, question, progress, tuple(awards.get(question.id, ())), lang)
    if lesson.exercise is not None:
        item = lesson.exercise.id
        yield Point("exercise", item, say(lang, "points.exercise"), "", tuple(awards.get(item, ())))


def _question(number: int, question: "Question", progress: "Progress", got: Sequence["Award"], lang: "Lang") -> Point:
    from lessons.markdown_parser import spans
    from store.xp import XP, question_xp

    costs: dict[str, int] = {}
    answered, shown = progress.questions.get(question.id), len(progress.hints.get(question.id, ()))
    paid = next((award.xp for award in got if award.award == "question"), question_xp(shown))
    hints = round((XP["question"] - paid) / max(XP["question"] - question_xp(1), 1))
    if paid < XP["question"]:
        costs["hints"] = XP["question"] - paid
    if answered is not None and not answered.first_try:
        costs["first-try"] = XP["first-try"]
    about = inline(spans(question.prompt[lang])).plain
    title = say(lang, "points.question", n=number)
    return Point("question", question.id, title, about, tuple(got), costs, min(hints, shown))


# the table


def columns(lang: "Lang") -> list[Column]:
    """What is told of every point."""
    say_column = {name: say(lang, f"points.column.{name}") for name in ("what", "cost", "xp", "when")}
    return [
        Column("what", say_column["what"], 40, grow=1),
        Column("cost", say_column["cost"], 15, right=True, drop=1),
        Column("xp", say_column["xp"], 9, right=True),
        Column("when", say_column["when"], 18, right=True, drop=2),
    ]


def rows(found: Sequence[Group], opened: set[str], lang: "Lang") -> list[DataGridRow]:
    """A row for each group, and below those that are open one for each point; keys are ids of groups and items."""
    made = []
    for group in found:
        is_open = group.key in opened
        made.append(DataGridRow(f"group:{group.key}", _group_cells(group, is_open), "bold"))
        made += [DataGridRow(f"{point.kind}:{point.item}", _cells(point, lang)) for point in group.points if is_open]
    return made


def _group_cells(group: Group, is_open: bool) -> tuple[Content, ...]:
    share = group.earned / group.worth if group.worth else 0.0
    title = styled("▾ " if is_open else "▸ ", "$primary") + styled(group.title, "$heading")
    return title, bar(share, 10), styled(f"{group.earned}/{group.worth}", "$heading"), Content("")


def _cells(point: Point, lang: "Lang") -> tuple[Content, ...]:
    whole = point.earned and point.earned + point.lost >= point.worth
    mark, style = ("✓ ", "$success") if whole else ("◐ ", "$primary") if point.earned else ("○ ", "$faint")
    name = styled(point.title, "" if point.earned else "$text-muted")
    about = styled(f"  {point.about}", "$text-muted") if point.about else Content("")
    costs = point.costs or {}
    said = {"hints": "points.cost.hints", "first-try": "points.cost.try"}
    cost = styled("  ".join(say(lang, said[reason], n=xp) for reason, xp in costs.items()), "$warning")
    return (
        styled("  ") + styled(mark, style) + name + about,
        cost,
        styled(f"{point.earned}/{point.worth}"),
        when(point.at),
    )


def when(at: str) -> Content:
    """A moment as date and time of day where it was; nothing for none."""
    try:
        return styled(f"{datetime.fromisoformat(at):%Y-%m-%d %H:%M}", "$text-muted")
    except ValueError:
        return Content("")


# below the table


def explained(point: Point, lang: "Lang", width: int) -> Lines:
    """Where each point of one thing comes from, what it lost, and what is still to earn."""
    from store.xp import XP

    title = styled(point.title, "bold $heading")
    lines = [join([title, styled(f"  {point.about}", "$text-muted")]).truncate(width, ellipsis=True)]
    given = {award.award: award for award in point.got}
    items: list[tuple[Content, Content]] = []
    for award in DEEDS[point.kind]:
        if award in given:
            text = styled(say(lang, f"points.got.{award}", xp=given[award].xp))
            items.append((styled("✓ ", "$success"), text + styled("  ") + when(given[award].at)))
        elif award not in (point.costs or {}):
            left = XP[award] - (point.costs or {}).get("hints", 0) * (award == "question")
            items.append((styled("○ ", "$faint"), styled(say(lang, f"points.open.{award}", xp=left), "$text-muted")))
    for reason, xp in (point.costs or {}).items():
        key = "points.gone.first-try" if reason == "first-try" else "points.gone.hints"
        items.append((styled("− ", "$warning"), styled(say(lang, key, xp=xp, count=point.hints), "$text-muted")))
    return lines + hang(items, width)


def rules(lang: "Lang", width: int) -> Lines:
    """What hints and further tries cost, and what Enter does."""
    from store.xp import HINT, XP

    text = say(lang, "points.rules", hint=HINT, first=XP["first-try"])
    parts = [styled(text, "$text-muted"), styled(say(lang, "points.group"), "$faint")]
    return [line for part in parts for line in part.wrap(max(width, 8))]


def head(progress: "Progress", total: int, lang: "Lang", width: int) -> Lines:
    """The level and how much of all points is earned, in one line and a line of air."""
    name = say(lang, f"level.{progress.level_name}")
    left = styled(say(lang, "overview.level", name=name, n=progress.level), "bold $heading")
    right = styled(say(lang, "points.head", xp=progress.xp, total=total)) + Content("  ")
    return [spread(left, right + bar(progress.xp / total if total else 0.0, 12), width), Content("")]
