"""The lines of the view Chat, made from what is known; text of models and data is made harmless here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from textual.content import Content

from lab.paths import shown
from tui.formatting import units
from tui.formatting.sanitize import inert
from tui.formatting.short_paths import NARROW, short_path
from tui.formatting.text_layout import bar, join, spread, styled
from tui.views.chat.exchange import Answer, Exchange, Question, Settings
from tui.views.chat.run_source import RunSource

if TYPE_CHECKING:
    from lab.errors import LabError
    from lab.runs.votes import Vote

Say = Callable[..., str]
BAR = 20
"""Cells of a progress bar."""


def words_of(error: LabError) -> str:
    """Where it went wrong, how, and what to do, on one line."""
    return " · ".join(inert(each) for each in (error.where, error.what, error.remedy) if each)


def title(subject: RunSource, state: Content, width: int) -> Content:
    """Which run it is at the left end, and what its engine does at the right."""
    model, data = (short_path(inert(shown(each)), NARROW) for each in (subject.model, subject.data))
    about = f"  {inert(subject.method)} · {model} · {data}"
    return spread(Content.assemble((inert(subject.run.id), "bold $heading"), (about, "$text-muted")), state, width)


def about_question(question: Question, subject: RunSource, say: Say) -> Content:
    """Where a question comes from, or how to ask one."""
    if question.number:
        text = say("chat.question", number=question.number, count=len(subject.questions))
        text += " · " + say("chat.earlier", count=question.earlier) if question.earlier else ""
        return styled(text, "$text-muted")
    return styled(say("chat.hint.plain" if subject.plain else "chat.hint"), "$text-muted")


def head(exchange: Exchange | None, place: int, kind: str, say: Say) -> Content:
    """Who stands there: 0 left, 1 right; a letter while it is blind."""
    side = exchange.order[place] if exchange is not None else ("base", "adapter")[place]
    letter = say("chat.left" if place == 0 else "chat.right")
    name = say("chat.base" if side == "base" else "chat.tuned" if kind == "full" else "chat.adapter")
    if exchange is None or not exchange.blind:
        return styled(name, "bold $heading")
    return join([styled(letter, "bold $heading"), styled("" if exchange.hidden else f"  {name}", "$text-muted")])


def foot(answer: Answer, exchange: Exchange, say: Say) -> Content:
    """How long it is, how fast it came, and whether it is right; nothing of that while it is blind."""
    if not answer.reason or answer.stale or exchange.hidden:
        return Content("")
    speed = units.count(answer.tokens / answer.seconds) if answer.seconds else ""
    parts = [styled(say("chat.tokens", count=answer.tokens, speed=speed), "$text-muted")] if speed else []
    if answer.reason == "length":
        parts = [styled(say("chat.cut", count=answer.tokens or exchange.settings.max_tokens), "$warning")]
    elif answer.reason == "stopped":
        parts.append(styled(say("chat.stopped"), "$warning"))
    if exchange.question.expected and answer.reason != "stopped":
        from lab.score import same

        right = same(answer.text, exchange.question.expected)
        mark = ("✓ ", "chat.right-answer", "$success") if right else ("✗ ", "chat.wrong-answer", "$error")
        parts.append(styled(mark[0] + say(mark[1]), mark[2]))
    return join(parts, " · ")


def below(exchange: Exchange | None, votes: int, note: str, say: Say) -> Content:
    """Under the answers: what went wrong, the question to vote on, or what would have been right."""
    if note:
        return styled(note, "$error")
    if exchange is None or not exchange.done:
        return Content("")
    if exchange.votable:
        return styled(say("chat.vote"), "bold $primary")
    if exchange.hidden:
        return styled(say("chat.voted", count=votes), "$success") if exchange.vote else Content("")
    if not exchange.question.expected:
        return Content("")
    text = inert(exchange.question.expected.rstrip("\n"))
    return Content.assemble((say("chat.expected") + "  ", "$text-muted"), (text, "$success"))


def votes_line(votes: Sequence[Vote], settings: Settings, hidden: bool, kind: str, say: Say) -> Content:
    """The votes on answers of this checkpoint at this strength; only how many while one still judges blind."""
    from lab.runs.votes import tally

    here = [vote for vote in votes if (vote.checkpoint, vote.scale) == (settings.checkpoint, settings.scale)]
    if hidden:
        return styled(say("chat.tally.hidden", count=len(here)), "$text-muted")
    if not here:
        return Content("")
    found = tally(here)
    key = "chat.tally.full" if kind == "full" else "chat.tally"
    text = say(key, adapter=found.adapter, base=found.base, same=found.same)
    if found.adapter + found.base:
        text += " · " + say("chat.tally.chance", percent=units.percent(found.chance, 1, 0))
    return styled(text, "$text-muted")


def share(scoring: Mapping[str, Any]) -> float:
    """How far measuring is, 0 to 1: the base answers everything first, and then the adapter."""
    half = 0.0 if scoring["stage"] == "base" else 0.5
    return half + float(scoring["done"]) / float(max(scoring["total"], 1)) / 2


def score_line(subject: RunSource, checkpoint: str, scoring: Mapping[str, Any] | None, say: Say) -> Content:
    """How often the checkpoint is right on questions that training never saw, or how far measuring is."""
    name = inert((scoring or {}).get("checkpoint", checkpoint))
    if scoring is not None:
        if "done" not in scoring:
            return styled(say("chat.scoring.begin", checkpoint=name), "$primary")
        side = say("chat.base" if scoring["stage"] == "base" else "chat.adapter")
        text = say("chat.scoring", checkpoint=name, stage=side, done=scoring["done"], total=scoring["total"])
        return join([bar(share(scoring), BAR), styled(f"  {text}", "$text-muted")])
    if not subject.split:
        return styled(say("chat.score.no-questions"), "$text-muted")
    found = subject.scores.get(checkpoint)
    if found is None or found.get("exact_match") is None:
        return styled(say("chat.score.none", checkpoint=name), "$text-muted")
    values = {"right": units.percent(found["exact_match"], 1), "count": found["examples"], "split": found["split"]}
    if found.get("base_exact_match") is None:
        return styled(say("chat.score.alone", checkpoint=name, **values))
    return styled(say("chat.score", checkpoint=name, base=units.percent(found["base_exact_match"], 1), **values))


def past(entry: Mapping[str, Any], blind: bool, width: int) -> Content:
    """One line of what was asked before; a mark says whether the adapter was right, unless one is blind.

    Where it is too long its end is shown, since that is where most questions are.
    """
    from lab.score import same

    question = Question.of(entry)
    words = end_of(" ".join(inert(line) for line in question.shown.split("\n")), width - 2)
    if blind or not question.expected:
        return Content.assemble(("· ", "$faint"), words)
    right = same(str(entry["adapter"]), question.expected)
    return Content.assemble(("✓ ", "$success") if right else ("✗ ", "$error"), words)


def end_of(text: str, width: int) -> str:
    """As much of the end as fits into so many cells, with an ellipsis before it where something is lost."""
    if cell_len(text) <= width:
        return text
    kept = text[-max(width, 1) :]
    while kept and cell_len(kept) > width - 1:
        kept = kept[1:]
    return f"…{kept}"
