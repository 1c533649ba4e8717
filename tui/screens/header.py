"""The lines above every screen: where one is, level and XP, and the problems that last."""

from typing import TYPE_CHECKING, Final

from textual.screen import Screen

from tui.formatting.short_paths import shorten
from tui.locale import say, say_or
from tui.widgets.top_bar import NoticeBar, Standing, TopBar

if TYPE_CHECKING:
    from tui.session import LearnerSession

HOME: Final = 24
"""Cells of the home folder in a notice, which has three lines at most."""


def show_header(screen: Screen[None], session: "LearnerSession", track: str = "", title: str = "") -> None:
    """Fill the header and the notices of a screen, as far as it has them yet."""
    for top in screen.query(TopBar):
        top.standing = _standing(session, track, title)
    for notice in screen.query(NoticeBar):
        notice.show(_notice(session))


def _standing(session: "LearnerSession", track: str, title: str) -> Standing:
    lang = session.lang
    if not session.loaded:
        return Standing(track, title, lang=lang.upper())
    progress = session.progress
    name = say_or(lang, f"level.{progress.level_name}", progress.level_name)
    return Standing(
        track=track,
        title=title,
        level="" if session.points_hidden else say(lang, "level", name=name, n=progress.level),
        fraction=progress.xp_in_level / progress.xp_to_next if progress.xp_to_next else 1.0,
        xp=f"{progress.xp_in_level}/{progress.xp_to_next}" if progress.xp_to_next else f"{progress.xp}",
        lang=lang.upper(),
    )


def _notice(session: "LearnerSession") -> str:
    """Every lasting problem, in a line each; those of the content stand where the lesson would."""
    return "\n".join(
        say(session.lang, f"trouble.{each.kind}", detail=shorten(each.said(session.lang), session.home, HOME))
        for each in session.problems
        if each.kind != "content"
    )
