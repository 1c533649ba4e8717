"""Chat: base and adapter answer the same question side by side; blind if one likes, at any strength and checkpoint."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import OptionList, TextArea

from tui.formatting.sanitize import inert
from tui.formatting.text_layout import Layout, styled
from tui.key_bindings import bind
from tui.views.chat.conversation import Conversation
from tui.views.chat.exchange import SCALES, SIDES, Exchange, Question, Settings
from tui.views.chat.history import ChatHistory
from tui.views.chat.layout import Room
from tui.views.chat.lines import share, words_of
from tui.views.chat.run_source import look, newest
from tui.views.chat.sampling_controls import SamplingControls
from tui.views.chat.scorer import Scorer
from tui.views.chat.state import Scene
from tui.views.chat.timers import Timers
from tui.views.chat.widgets import AnswerView, PromptField
from tui.views.empty_state import nothing_yet
from tui.views.view import LaboratoryView
from tui.widgets.lines import LinesView

if TYPE_CHECKING:
    from lab.errors import LabError

LINGER: Final = 60.0
"""Seconds that the engine waits for one to come back."""
AGAIN: Final = 0.25
"""Seconds after the last turn of a dial in which the question is asked again."""
FRAME: Final = 0.06
"""Seconds between two pictures of growing answers."""
LOOK: Final = 2.0
"""Seconds between two looks for a run's first checkpoint."""


class ChatView(LaboratoryView):
    """What was asked, voted and scored is on disk; here is only the question in hand."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("f5,t", "question", "chat.question", show=True),
        bind("f6,b", "blind", "chat.blind", show=True),
        bind("f7,s", "score", "chat.score", show=True),
        bind("f9,h", "past", "chat.past", show=True),
        bind("escape,x", "stop", "chat.stop"),
        bind("i,slash", "write", "chat.write"),
        bind("ctrl+down,minus", "turn(-1)", "chat.weaker"),
        bind("ctrl+up,plus", "turn(1)", "chat.stronger"),
        bind("f10,less_than_sign", "vote('left')", "chat.vote-left"),
        bind("f11,equals_sign", "vote('same')", "chat.vote-same"),
        bind("f12,greater_than_sign", "vote('right')", "chat.vote-right"),
    ]

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.scene: Scene | None = None
        self.conversation: Conversation | None = None
        self.lot = random.Random()
        self._next = 0  # which held-out question comes next
        self._place = 0  # how far back in the history the arrows are
        self._open = False  # whether there is something to talk with
        self._scorer: Scorer | None = None
        self._later = Timers(self)

    def compose(self) -> ComposeResult:
        yield LinesView(lambda _: [], id="talk-empty")
        yield Room(self.lang)

    def on_mount(self) -> None:
        self._say_empty(self.say("chat.looking"))

    @property
    def room(self) -> Room:
        return self.query_one(Room)

    async def enter(self) -> None:
        """Show the run that is picked; the talk goes on if it is still the same."""
        self._later.cancel("linger")
        await self._look()
        if self._open and not self.has_focus_within:
            self.query_one(PromptField).focus()

    def leave(self) -> None:
        """The engine waits a while for one to come back; what is being measured is measured to its end."""
        self._later.cancel("look", "again")
        self._later.after("linger", LINGER, self._send_away)

    def on_unmount(self) -> None:
        if self.conversation is not None:
            self.conversation.partner.close()
        self._stop_scoring()

    def status(self) -> str:
        """How far scoring is."""
        found = self.scene.scoring if self.scene is not None else None
        return f"{100 * share(found):.0f} %" if found and "done" in found else ""

    def palette(self) -> Mapping[str, str]:
        return {self.say(f"key.chat.{name}"): name for name in ("question", "blind", "score", "past", "stop")}

    def watch_lang(self) -> None:
        if not self._open:
            self.run_worker(self._look(), exclusive=True, group="look")

    # which run

    async def _look(self) -> None:
        from lab.errors import LabError

        root = self.lab.root
        if not self.picks.run:
            self.picks.run = await asyncio.to_thread(newest, root)
        if not self.picks.run:
            self._explain(lambda width: nothing_yet(self.say, width, "chat.empty", "chat.empty.title"))
            return
        try:
            subject = await asyncio.to_thread(look, root, self.picks.run, self.lab.cache)
        except LabError as error:
            self._say_empty(words_of(error))
            return
        if self.scene is None or self.scene.subject.run != subject.run:
            self._send_away()
            self._stop_scoring()
            self.scene, self._next = Scene(subject), 0
            grown = partial(self._later.after, "frame", FRAME, self.room.draw_answers, keep=True)
            self.conversation = Conversation(self.scene, self.lab.cache, self.room.draw, grown, self._answered)
        self.scene.subject = subject
        if not subject.checkpoints:
            key = "chat.no-adapter.ended" if subject.ended else "chat.no-adapter"
            self._say_empty(self.say(key, run=inert(subject.run.id)))
            self._later.after("look", LOOK, lambda: self.run_worker(self.enter()))
            return
        if self.scene.settings.checkpoint not in subject.checkpoints:
            self.scene.settings = replace(self.scene.settings, checkpoint=subject.checkpoints[0])
        self.query_one("#talk-empty").display = False
        self.room.display = self._open = True
        self.room.show(self.scene)

    def _send_away(self) -> None:
        if self.conversation is not None:
            self.conversation.close()

    def _say_empty(self, text: str) -> None:
        self._explain(lambda width: styled(text, "$text-muted").wrap(width))

    def _explain(self, told: Layout) -> None:
        """In the place of all else."""
        self.room.display = self._open = False
        empty = self.query_one("#talk-empty", LinesView)
        empty.display = True
        empty.set_layout(told)

    # asking

    @on(TextArea.Changed)
    def _written(self) -> None:
        """The base is loaded while the question is being written; an empty field begins with nothing before it."""
        text = self.query_one(PromptField).text
        if self.scene is not None and not text:
            self.scene.question = Question()
        if self.conversation is not None and self.scene is not None and text != self.scene.question.written:
            self.conversation.wake()
        self.room.draw_about()

    @on(PromptField.Asked)
    def action_ask(self) -> None:
        """Ask what stands in the field."""
        scene, text = self.scene, self.query_one(PromptField).text
        if scene is not None and text.strip():
            self._ask(scene, scene.question.edited(text, scene.subject.plain))

    def action_question(self) -> None:
        """The next question that training never saw, asked at once."""
        scene = self.scene
        if scene is None or not scene.subject.questions:
            self.tell("chat.no-questions", "trouble")
            return
        question = scene.subject.questions[self._next % len(scene.subject.questions)]
        self._next += 1
        self._write(question)
        self._ask(scene, question)

    def _write(self, question: Question) -> None:
        """Put a question into the field, to be asked as it is or changed."""
        if self.scene is not None:
            self.scene.question = question
            field = self.query_one(PromptField)
            field.text = question.written
            field.move_cursor(field.document.end)

    def _ask(self, scene: Scene, question: Question) -> None:
        scene.question = question
        self._place = 0
        self._later.cancel("again")
        self.room.remove_class("-past")
        if self.conversation is not None:
            self.conversation.begin(Exchange.begin(question, scene.settings, scene.blind, self.lot))

    def action_stop(self) -> None:
        """End the answer, or else the scoring."""
        if self.going and self.conversation is not None:
            self.conversation.stop()
        else:
            self._stop_scoring()

    @property
    def going(self) -> bool:
        """Whether an answer is growing."""
        return self.conversation is not None and self.conversation.going

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        exchange = self.scene.exchange if self.scene is not None else None
        if action == "stop":  # else the key is the laboratory's
            return self.going or (self.scene is not None and self.scene.scoring is not None)
        if action == "vote":
            return exchange is not None and exchange.votable
        return self._open or action not in ("question", "blind", "score", "past", "turn", "write")

    def _answered(self, exchange: Exchange, keep: bool) -> None:
        self.room.draw()
        if exchange.votable:
            self.query_one("#talk-left", AnswerView).focus()  # where < = > are keys, and Enter votes for nobody
        if keep and self.scene is not None:
            entry = exchange.entry()
            self.scene.subject.history.append(entry)
            self.room.draw()
            self.run_worker(self._note(self.scene, entry))

    async def _note(self, scene: Scene, entry: dict[str, Any]) -> None:
        from lab.runs import chat_history

        try:
            await asyncio.to_thread(chat_history.append, scene.subject.run, entry)
        except OSError as error:
            self.tell("chat.not-kept", "trouble", error=error)

    # the dials

    @on(SamplingControls.Changed)
    def _dialled(self, event: SamplingControls.Changed) -> None:
        if self.scene is not None:
            self._set(self.scene, event.settings, event.blind)

    def _set(self, scene: Scene, settings: Settings, blind: bool) -> None:
        """Ask again what this changes, as soon as the dials stand still; a blind answer stays as it was asked."""
        changed, scene.settings = settings != scene.settings, settings
        if blind != scene.blind:
            scene.blind = blind
            if scene.exchange is not None and not blind:
                scene.exchange.hidden = False
            self._reveal(scene)
        if changed and self.conversation is not None and scene.exchange is not None and not scene.exchange.hidden:
            self._later.after("again", AGAIN, self.conversation.again)
        self.room.draw()

    def _reveal(self, scene: Scene) -> None:
        """Votes count as a tasting as soon as one knows whose answers they were for."""
        from lab.runs.run_evidence import RunEvidence

        if scene.subject.votes and not scene.blind:
            run = scene.subject.run.id
            self.post_message(self.Did(proofs=(RunEvidence("run.voted", run, {"votes": len(scene.subject.votes)}),)))

    def action_turn(self, by: int) -> None:
        """A weaker or a stronger adapter."""
        scene = self.scene
        if scene is not None:
            here = min(max(SCALES.index(scene.settings.scale) + by, 0), len(SCALES) - 1)
            self._set(scene, replace(scene.settings, scale=SCALES[here]), scene.blind)
            self.room.show(scene)

    def action_blind(self) -> None:
        """Hide who is who from now on, or show it."""
        if self.scene is not None:
            self._set(self.scene, self.scene.settings, not self.scene.blind)
            self.room.show(self.scene)

    async def action_vote(self, which: str) -> None:
        """Keep which answer is better, "left", "right" or the "same"."""
        from lab.runs import votes

        scene = self.scene
        if scene is None or scene.exchange is None or not scene.exchange.votable:
            return
        exchange = scene.exchange
        better = "same" if which == "same" else exchange.order[which == "right"]
        texts = {side: exchange.answers[side].text for side in SIDES}
        settings = exchange.settings
        exchange.vote = better
        self.query_one(PromptField).focus()
        vote = votes.Vote(exchange.question.shown, texts["base"], texts["adapter"], exchange.order[0], better,
                          settings.checkpoint, settings.scale, settings.temperature, settings.seed)  # fmt: skip
        try:
            scene.subject.votes = await asyncio.to_thread(votes.add, scene.subject.run, vote)
        except OSError as error:
            exchange.vote = ""
            self.tell("chat.not-kept", "trouble", error=error)
        self.room.draw()

    # the score

    def action_score(self) -> None:
        """Have all held-out questions answered, or stop that; what is known is not measured again."""
        scene = self.scene
        if scene is None:
            return
        if scene.scoring is not None:
            self._stop_scoring()
            self.tell("chat.scoring.stopped")
        elif scene.subject.split and scene.settings.checkpoint not in scene.subject.scores:
            grown = partial(self._later.after, "score", FRAME, self.room.draw, keep=True)
            self._scorer = Scorer(scene, self.lab.cache, grown, self._scored)

    def _scored(self, error: LabError | None) -> None:
        if error is not None:
            self.post_message(self.Tell(words_of(error), "trouble"))
        if self.is_attached:
            self.room.draw()

    def _stop_scoring(self) -> None:
        if self._scorer is not None:
            self._scorer.stop()
            self._scorer = None

    # what was asked before

    def action_past(self) -> None:
        """To what was asked before, and back to the answers."""
        shown = self.room.wide or not self.room.has_class("-past")
        if not self.room.wide:
            self.room.toggle_class("-past")
        target = self.query_one(ChatHistory).query_one(OptionList) if shown else self.query_one(PromptField)
        target.focus()

    @on(ChatHistory.Chosen)
    def _chosen(self, event: ChatHistory.Chosen) -> None:
        scene = self.scene
        if scene is None or self.conversation is None:
            return
        again = Exchange.again(event.entry)
        self.room.remove_class("-past")
        self._write(again.question)
        if not scene.blind:
            self._later.cancel("again")
            self.conversation.show(again)
            known = again.settings.checkpoint in scene.subject.checkpoints
            scene.settings = again.settings if known else replace(again.settings, checkpoint=scene.settings.checkpoint)
        self.room.show(scene)
        self.query_one(PromptField).focus()

    @on(PromptField.Turned)
    def _turned(self, event: PromptField.Turned) -> None:
        """Walk through what was asked before, the newest first, with the arrows."""
        history = self.scene.subject.history if self.scene is not None else []
        place = min(max(self._place - event.by, 0), len(history))
        if place != self._place:
            self._place = place
            self._write(Question.of(history[-place]) if place else Question())

    @on(PromptField.Left)
    def _left(self) -> None:
        """Escape in the field ends the answer first, and then gives the keys back."""
        if self.going:
            self.action_stop()
        else:
            self.query_one("#talk-left", AnswerView).focus()

    def action_write(self) -> None:
        """To the field for the question."""
        self.query_one(PromptField).focus()
