"""Everything at a glance: the level, what is done, the last 28 days, and what being sure was worth."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from textual.content import Content

from tui.formatting.text_layout import Lines, bar, join, pad, styled, width_of
from tui.locale import say

if TYPE_CHECKING:
    from lessons.course import Course, Lang
    from store.progress import Progress

WEEKS: Final = 4
FEW: Final = 5
"""Answers below which nothing is said about how sure one was."""
MOSTLY: Final = 0.8


def level(progress: "Progress", lang: "Lang", width: int) -> Lines:
    """The level with its name, a bar, and the way to the next one."""
    from store.xp import LEVELS

    name = say(lang, f"level.{progress.level_name}")
    title = styled(say(lang, "overview.level", name=name, n=progress.level), "bold $heading")
    if not progress.xp_to_next:
        return [title, styled(say(lang, "overview.last-level", xp=progress.xp), "$text-muted"), Content("")]
    following = say(lang, f"level.{LEVELS[progress.level + 1].name}")
    left = progress.xp_to_next - progress.xp_in_level
    way = styled(say(lang, "overview.to-next", xp=left, name=following), "$text-muted")
    count = styled(f"  {progress.xp_in_level}/{progress.xp_to_next}  ")
    return [join([title, Content("   "), bar(progress.xp_in_level / progress.xp_to_next, 16), count, way]), Content("")]


def done(course: "Course", progress: "Progress", due: int, lang: "Lang", width: int) -> Lines:
    """What is done of the course, a line for each kind of thing."""
    lessons = [lesson for track in course.tracks for lesson in track.lessons]
    questions = sum(len(lesson.questions) for lesson in lessons)
    exercises = sum(lesson.exercise is not None for lesson in lessons)
    right = [each for each in progress.questions.values() if each.right]
    told: dict[str, dict[str, object]] = {
        "lessons": {"done": progress.lessons_done, "total": len(lessons)},
        "questions": {"right": len(right), "total": questions, "first": sum(each.first_try for each in right)},
        "exercises": {"done": len(progress.exercises_done), "total": exercises},
        "achievements": {"done": len(progress.achievements), "total": progress.achievements_total},
    }
    rows = {name: styled(say(lang, f"overview.{name}.of", **values)) for name, values in told.items()}
    if progress.lessons_total > len(lessons):
        rows["lessons"] += styled(say(lang, "overview.lessons.planned", planned=progress.lessons_total), "$text-muted")
    review = "overview.review.due" if due else "overview.review.none"
    rows["review"] = styled(say(lang, review, n=due), "$primary" if due else "$text-muted")
    widest = max(width_of(say(lang, f"overview.{name}")) for name in rows)
    lines = [styled(say(lang, "overview.done"), "bold $heading")]
    for name, text in rows.items():
        label = pad(styled(say(lang, f"overview.{name}"), "$text-muted"), widest + 3)
        lines += [join([label, text]).truncate(width, ellipsis=True)]
    return [*lines, Content("")]


def days(active: Iterable[str], today: date, lang: "Lang", width: int) -> Lines:
    """Four rows of seven days, today the last; days with something learned are filled."""
    found = set(active)
    dates = [today - timedelta(days=7 * WEEKS - 1 - n) for n in range(7 * WEEKS)]
    count = sum(f"{each}" in found for each in dates)
    names = say(lang, "overview.weekdays").split(" ")
    head = [names[each.weekday()] for each in dates[:7]]
    cell = max(width_of(name) for name in names) + 1
    lines = [styled(say(lang, "overview.days"), "bold $heading")]
    lines.append(join([pad(styled(name, "$faint"), cell) for name in head]))
    for week in range(WEEKS):
        row = dates[7 * week : 7 * week + 7]
        lines.append(join([pad(_day(f"{each}" in found, each == today), cell) for each in row]))
    text = styled(say(lang, "overview.days.active" if count else "overview.days.none", count=count), "$text-muted")
    beside = text.wrap(max(width - 7 * cell - 3, 20))
    for number, line in enumerate(beside[: len(lines) - 1], 1):
        lines[number] = pad(lines[number], 7 * cell + 3) + line
    return [*lines, Content("")]


def _day(active: bool, today: bool) -> Content:
    if active:
        return styled("■", "$success")
    return styled("□", "$primary") if today else styled("·", "$faint")


def sure(tallies: Mapping[str, tuple[int, int]], lang: "Lang", width: int) -> Lines:
    """How often first answers were right, by how sure the learner had said to be."""
    lines = [styled(say(lang, "overview.sure"), "bold $heading")]
    told = {name: tally for name, tally in reversed([*tallies.items()]) if tally[1]}
    if not told:
        return lines + styled(say(lang, "overview.sure.none"), "$text-muted").wrap(width)
    widest = max(width_of(say(lang, f"quiz.sure.{name}")) for name in tallies)
    for name, (right, total) in told.items():
        label = pad(styled(say(lang, f"quiz.sure.{name}"), "$text-muted"), widest + 3)
        share = pad(styled(f"{right / total:.0%}"), 4, right=True)
        count = styled("   " + say(lang, "overview.sure.row", right=right, n=total), "$text-muted")
        lines.append(join([label, bar(right / total, 12), styled("  "), share, count]))
    return lines + styled(say(lang, f"overview.sure.{_verdict(tallies)}"), "$text-muted").wrap(width)


def _verdict(tallies: Mapping[str, tuple[int, int]]) -> str:
    (certain, of_certain), (unsure, of_unsure) = tallies["certain"], tallies["unsure"]
    if of_certain >= FEW and certain < MOSTLY * of_certain:
        return "over"
    if of_unsure >= FEW and unsure >= MOSTLY * of_unsure:
        return "under"
    return "well" if of_certain >= FEW else "few"
