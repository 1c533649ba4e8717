"""The achievements: which are earned and when, and how far the others are."""

from typing import TYPE_CHECKING

from textual.content import Content

from tui.formatting.text_layout import Lines, bar, hang, spread, styled
from tui.locale import say
from tui.panes.progress.points import when

if TYPE_CHECKING:
    from lessons.course import Lang
    from store.progress import Progress


def lines(progress: "Progress", lang: "Lang", width: int) -> Lines:
    """Those earned, the newest first, then the others in the order of the list."""
    from store.achievements import ACHIEVEMENTS

    earned = [each for each in reversed(progress.achievements)]
    locked = [each.id for each in ACHIEVEMENTS if each.id not in progress.achievements]
    head = say(lang, "achievements.head", done=len(earned), total=progress.achievements_total)
    found = [
        spread(styled(say(lang, "progress.part.achievements"), "bold $heading"), styled(head, "$text-muted"), width),
        *styled(say(lang, "achievements.about"), "$text-muted").wrap(width),
        Content(""),
    ]
    for each in earned:
        name = styled("★ ", "$warning") + styled(say(lang, f"achievement.{each}"), "bold $heading")
        found += [spread(name, when(progress.unlocked.get(each, "")), width), *_hint(each, "", lang, width)]
    for each in locked:
        name = styled("☆ ", "$faint") + styled(say(lang, f"achievement.{each}"))
        found += [spread(name, _far(progress, each, lang), width), *_hint(each, "$text-muted", lang, width)]
    return found


def _hint(deed: str, style: str, lang: "Lang", width: int) -> Lines:
    return hang([(Content("  "), styled(say(lang, f"achievement.{deed}.hint"), style))], width)


def _far(progress: "Progress", deed: str, lang: "Lang") -> Content:
    if deed not in progress.far or not progress.far[deed][1]:
        return styled(say(lang, "achievements.locked"), "$faint")
    done, of = progress.far[deed]
    return bar(done / of, 8) + styled(" " + say(lang, "achievements.far", done=done, of=of), "$text-muted")
