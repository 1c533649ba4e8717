"""The reader: one section of a lesson at a time."""

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Static

from tui.formatting.text_layout import clickable, join, styled
from tui.key_bindings import bind
from tui.locale import say
from tui.reading_timer import ReadingTimer
from tui.widgets.page import PagePane

if TYPE_CHECKING:
    from lessons.course import Block, Lang, Lesson, Section
    from tui.widgets.lesson_blocks import CodeView

    Blocks = Mapping[Lang, tuple[Block, ...]]


class ReaderPane(PagePane):
    """Shows a section of `lesson`, and says when it was shown and when it was read."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("n,right", "section(1)", "read.next", show=True),
        bind("p,left", "section(-1)", "read.previous"),
        bind("space", "on", "read.on"),
        bind("y", "copy", "read.copy"),
        bind("o,enter", "links", "read.links"),
    ]

    lang: reactive["Lang"] = reactive("en", init=False)
    clock: Callable[[], float] = staticmethod(time.monotonic)

    class Shown(Message):
        """Another section is on the page."""

        def __init__(self, lesson: str, section: str) -> None:
            super().__init__()
            self.lesson, self.section = lesson, section

    class Read(Message):
        """A section's end was reached, and not faster than a person reads."""

        def __init__(self, section: str) -> None:
            super().__init__()
            self.section = section

    class Copied(Message):
        """A code block went to the clipboard; `title` is None where none was in view."""

        def __init__(self, title: str | None) -> None:
            super().__init__()
            self.title = title

    class LinksAsked(Message):
        """The learner wants to see where the lesson points to."""

    def __init__(self) -> None:
        super().__init__("reader")
        self.lesson: Lesson | None = None
        self.index = 0
        self._watches: dict[Lang, ReadingTimer] = {}
        """Of the section that is open, in each language it was looked at."""
        self._check: Timer | None = None
        self._reported: set[Lang] = set()
        self._copied: CodeView | None = None

    @property
    def section(self) -> "Section | None":
        return self.lesson.sections[self.index] if self.lesson and self.lesson.sections else None

    async def open(self, lesson: "Lesson", section: str = "", block: int = 0) -> None:
        """Show a section (the first, where the id is unknown) from its `block` on; 0 is its very top."""
        ids = [each.id for each in lesson.sections]
        self.lesson, self.index = lesson, ids.index(section) if section in ids else 0
        await self._draw(block, fresh=True)

    async def reread(self, lesson: "Lesson") -> None:
        """The same lesson as it was written since: what stands at the top of the page stays there."""
        before, top = self.section, self.block
        if before is None or self.lesson is None:
            await self.open(lesson)
            return
        old, head = before.blocks, len(self.page.children)
        below = self.scroll_offset.y - self.page.children[top].virtual_region.y if top < head else 0
        ids = [each.id for each in lesson.sections]
        index = ids.index(before.id) if before.id in ids else min(self.index, len(ids) - 1)
        first = 3 if self.index == 0 else 1
        self.lesson, self.index = lesson, index
        await self.redraw(self._widgets(lesson.sections[index]))
        at = _moved(old, lesson.sections[index].blocks, self.lang, top - first) + first

        def settle() -> None:
            """Nothing moves but what was written above the place that is read."""
            if top and at < len(self.page.children):
                y = self.page.children[at].virtual_region.y + below
                self.scroll_to(y=y, animate=False, immediate=True)

        self.when_set(settle)

    async def fail(self, title: str, detail: str, remedy: str) -> None:
        """Say in words why there is nothing to read."""
        await self.redraw(
            [
                Static(styled(title), classes="block trouble"),
                Static(styled(detail), classes="block"),
                Static(styled(remedy, "$text-muted"), classes="block"),
            ]
        )

    async def watch_lang(self) -> None:
        self.rest()
        if self.lesson is not None:
            await self._draw(self.block, fresh=False)

    @property
    def block(self) -> int:
        """The number of the first block that is still in view."""
        top = self.scroll_offset.y - self.page.gutter.top
        for number, child in enumerate(self.page.children):
            if top < child.virtual_region.bottom:
                return number
        return 0

    async def _draw(self, block: int, fresh: bool) -> None:
        section = self.section
        if section is None or self.lesson is None:
            return
        await self.redraw(self._widgets(section))
        if fresh:
            self._watches, self._reported = {}, set()
            self.post_message(self.Shown(self.lesson.id, section.id))
        self.scroll_home(animate=False, immediate=True)
        self.when_set(lambda: self._settle(block))

    def _settle(self, block: int) -> None:
        """Bring the block that was being read back into view."""
        blocks = self.page.children
        if 0 < block < len(blocks):
            self.scroll_to_widget(blocks[block], top=True, animate=False, immediate=True)
        self.mark_time()

    def _words(self, section: "Section") -> int:
        from lessons.course import ContentError
        from tui.widgets.lesson_blocks import words_in

        try:
            return words_in(section.blocks[self.lang], self.lang)
        except ContentError:
            return 0

    def _widgets(self, section: "Section") -> list[Widget]:
        from lessons.course import ContentError
        from tui.widgets.lesson_blocks import block_widget

        assert self.lesson is not None
        head: list[Widget] = []
        if self.index == 0:
            about = [say(self.lang, "read.minutes", n=self.lesson.minutes), *self.lesson.tags]
            summary = join([styled(self.lesson.summary[self.lang]), styled("\n" + " · ".join(about), "$faint")])
            head = [
                Static(styled(self.lesson.title[self.lang]), classes="lesson-title"),
                Static(summary, classes="summary"),
            ]
        head.append(Static(styled(section.title[self.lang]), classes="heading"))
        try:
            body = [block_widget(block, self.lang) for block in section.blocks[self.lang]]
        except ContentError as error:
            body = [
                Static(styled(say(self.lang, "trouble.content"), "bold $error"), classes="block"),
                Static(styled(str(error)), classes="block"),
            ]
        foot = Static(self._foot(), classes="foot")
        foot.auto_links = False
        return [*head, *body, foot]

    def _foot(self) -> Content:
        """Where to go from the end of the section."""
        assert self.lesson is not None
        if self.index + 1 < len(self.lesson.sections):
            title = self.lesson.sections[self.index + 1].title[self.lang]
            return _key("n", say(self.lang, "read.then", title=title), "section", 1)
        ends = []
        if self.lesson.exercise is not None:
            ends.append(_key("e", say(self.lang, "read.then-exercise"), "show", "exercise"))
        if self.lesson.questions:
            ends.append(_key("z", say(self.lang, "read.then-quiz"), "show", "quiz"))
        if self.lesson.links:
            ends.append(_key("o", say(self.lang, "read.then-links"), "links"))
        return join(ends, "\n")

    def on_show(self) -> None:
        self.mark_time()

    def on_hide(self) -> None:
        self.rest()

    def rest(self) -> None:
        """Nobody reads for now; `mark_time` goes on."""
        for watch in self._watches.values():
            watch.rest(self.clock())

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self.mark_time()

    def mark_time(self) -> None:
        """Report the section as read once its end is in view and the time it takes is over."""
        section = self.section
        if section is None or self.lang in self._reported or not self.display or not self.size:
            return
        if self.app.screen is not self.screen:  # something lies over it
            return
        if self.lang not in self._watches:
            self._watches[self.lang] = ReadingTimer(self._words(section))
        watch = self._watches[self.lang]
        watch.run(self.clock())
        if self._check is not None:
            self._check.stop()
        if not self.at_end:
            return
        remaining = watch.remaining(self.clock())
        if remaining > 0:
            self._check = self.set_timer(remaining + 0.05, self.mark_time)
            return
        self._reported.add(self.lang)
        self.post_message(self.Read(section.id))

    async def action_section(self, step: int) -> None:
        if self.lesson is None or not 0 <= self.index + step < len(self.lesson.sections):
            return
        self.mark_time()
        self.index += step
        await self._draw(0, fresh=True)

    async def action_on(self) -> None:
        """A page on, and from the end to the next section."""
        if self.at_end:
            await self.action_section(1)
        else:
            self.action_page(1)

    def action_copy(self) -> None:
        """Copy the code block in view; pressed again, the next one in view."""
        from tui.widgets.lesson_blocks import CodeView

        views = [view for view in self.page.query(CodeView) if self._in_view(view)]
        if not views:
            self.post_message(self.Copied(None))
            return
        after = views.index(self._copied) + 1 if self._copied in views else 0
        self.copy(views[after % len(views)])

    def copy_block(self, block: str) -> None:
        """Copy the code block with this id."""
        from tui.widgets.lesson_blocks import CodeView

        for view in self.page.query(CodeView):
            if view.block.id == block:
                self.copy(view)

    def action_links(self) -> None:
        self.post_message(self.LinksAsked())

    def copy(self, view: "CodeView") -> None:
        self._copied = view
        self.app.copy_to_clipboard(view.code)
        self.post_message(self.Copied(view.block.title))

    def _in_view(self, view: Widget) -> bool:
        return self.scrollable_content_region.overlaps(view.region)


def _moved(old: "Blocks", new: "Blocks", lang: "Lang", number: int) -> int:
    """Where block `number` of the old text stands in the new; its old place where it was changed itself."""
    from lessons.course import ContentError

    try:
        before, after = old[lang], new[lang]
    except ContentError:
        return number
    return after.index(before[number]) if 0 <= number < len(before) and before[number] in after else number


def _key(key: str, text: str, action: str, *parameters: object) -> Content:
    words = join([styled(f"{key} ", "bold $primary"), styled(f" {text}")])
    return clickable(words, f"screen.{action}", *parameters)
