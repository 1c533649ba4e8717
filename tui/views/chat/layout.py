"""The view Chat as one sees it: everything is drawn anew from one scene."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from textual.app import ComposeResult
from textual.content import Content
from textual.events import DescendantBlur, DescendantFocus, Resize
from textual.reactive import reactive
from textual.widgets import Static

from tui.formatting.text_layout import styled
from tui.locale import say
from tui.views.chat import lines
from tui.views.chat.exchange import harmless
from tui.views.chat.history import ChatHistory
from tui.views.chat.sampling_controls import SamplingControls
from tui.views.chat.state import Scene
from tui.views.chat.widgets import AnswerView, PromptField
from tui.widgets.action_bar import ActionBar, ActionItem
from tui.widgets.breakpoints import Breakpoint, set_size_classes
from tui.widgets.containers import Horizontal, Vertical

if TYPE_CHECKING:
    from lessons.course import Lang

BREAKPOINTS: Final = (Breakpoint("-wide", 110), Breakpoint("-tall", 0, 30))
"""What was asked before stands beside the answers; there is some air between the lines."""


class Room(Vertical):
    """SamplingControls, question, answers and what is known about them; sizes depend on the terminal's alone."""

    lang: reactive[Lang] = reactive("en", init=False)

    def __init__(self, lang: Lang) -> None:
        super().__init__()
        self.set_reactive(Room.lang, lang)
        self.scene: Scene | None = None

    def compose(self) -> ComposeResult:
        yield Static(id="talk-title", markup=False)
        yield PromptField("talk-prompt")
        yield Static(id="talk-about", markup=False)
        yield SamplingControls(self.lang)
        yield ActionBar(id="talk-actions")
        with Horizontal(id="talk-body"):
            yield AnswerView(id="talk-left")
            yield AnswerView(id="talk-right")
            yield ChatHistory(self.lang)
        with Horizontal(id="talk-foot"):
            yield Static(id="talk-below", markup=False)
            yield ActionBar(id="talk-votes")
        yield Static(id="talk-tally", markup=False)
        yield Static(id="talk-score", markup=False)

    @property
    def wide(self) -> bool:
        return self.has_class("-wide")

    def say(self, key: str, **values: object) -> str:
        return say(self.lang, key, **values)

    def on_resize(self, event: Resize) -> None:
        set_size_classes(self, event.size, BREAKPOINTS)
        self.draw()

    def on_descendant_focus(self, _: DescendantFocus) -> None:
        self.draw_about()

    def on_descendant_blur(self, _: DescendantBlur) -> None:
        self.draw_about()

    def watch_lang(self) -> None:
        self.draw()

    def show(self, scene: Scene) -> None:
        """Draw this from now on, the dials standing as it says; they are left alone while one turns them."""
        self.scene = scene
        dials = self.query_one(SamplingControls)
        dials.offer(scene.subject.checkpoints)
        dials.show(scene.settings, scene.blind)
        self.draw()

    def draw(self) -> None:
        """Every line anew."""
        scene = self.scene
        if scene is None or not self.children:
            return
        subject = scene.subject
        self.query_one(ChatHistory).show(subject.history, scene.blind)
        self.query_one(PromptField).placeholder = self.say("chat.placeholder")
        ready = scene.state == "chat.ready"
        state = self.say(scene.state, **scene.values) if scene.values else self.say(scene.state)
        mark = styled(("● " if ready else "○ ") + state, "$success" if ready else "$text-muted")
        self._set("title", lines.title(subject, mark, self.content_size.width))
        self._set("tally", lines.votes_line(subject.votes, scene.settings, scene.blind, subject.kind, self.say))
        self._set("score", lines.score_line(subject, scene.settings.checkpoint, scene.scoring, self.say))
        self._draw_actions(scene)
        self.draw_about()
        self.draw_answers()

    def _draw_actions(self, scene: Scene) -> None:
        asked, scoring = bool(scene.subject.questions), scene.scoring is not None
        going = scene.exchange is not None and scene.exchange.going
        self.query_one("#talk-actions", ActionBar).show(
            ActionItem("Esc", self.say("chat.button.stop"), "stop")
            if going
            else ActionItem("⏎", self.say("chat.button.ask"), "ask"),
            ActionItem("F5", self.say("chat.button.question"), "question", asked),
            ActionItem("F6", self.say("chat.button.blind"), "blind"),
            ActionItem("F7", self.say("chat.button.stop" if scoring else "chat.button.score"), "score", asked),
            ActionItem("F9", self.say("chat.button.past"), "past"),
        )
        votes = (("left", "<"), ("same", "="), ("right", ">"))
        self.query_one("#talk-votes", ActionBar).show(
            *(ActionItem(key, self.say(f"chat.vote.{name}"), f"vote('{name}')") for name, key in votes)
        )

    def draw_about(self) -> None:
        """The line under the question: what the dial in hand does, or where the question comes from."""
        scene = self.scene
        if scene is None or not self.children:
            return
        dial = self.query_one(SamplingControls).hint_for(self.screen.focused)
        if dial:
            key = scene.subject.kind if dial == "scale" else dial
            self._set("about", styled(self.say(f"chat.hint.{key}"), "$text-muted"))
        else:
            written = scene.question.edited(self.query_one(PromptField).text, scene.subject.plain)
            self._set("about", lines.about_question(written, scene.subject, self.say))

    def draw_answers(self) -> None:
        """The two answers and the line below them, which change many times a second while they grow."""
        scene = self.scene
        if scene is None or not self.children:
            return
        exchange, kind = scene.exchange, scene.subject.kind
        for place, name in enumerate(("left", "right")):
            view = self.query_one(f"#talk-{name}", AnswerView)
            head = lines.head(exchange, place, kind, self.say)
            if exchange is None:
                view.show(head, Content(""), Content(""), False)
                continue
            answer = exchange.answers[exchange.order[place]]
            text = styled(harmless(answer.text), "$text-muted" if answer.stale else "")
            view.show(head, text, lines.foot(answer, exchange, self.say), not answer.done)
        votable = exchange is not None and exchange.votable
        self.query_one("#talk-votes").display = votable
        below = self._set("below", lines.below(exchange, len(scene.subject.votes), scene.note, self.say))
        below.set_class(votable, "-beside")

    def _set(self, name: str, content: Content) -> Static:
        panel = self.query_one(f"#talk-{name}", Static)
        panel.update(content)
        return panel
