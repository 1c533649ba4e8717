"""What is laid over the classroom: a question to confirm, the links of a lesson, the keys."""

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen, ScreenResultType
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tui.formatting.text_layout import clickable, join, styled
from tui.key_bindings import bind
from tui.locale import say
from tui.styles import styles

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lessons.course import Lang, Link


class Dialog(ModalScreen[ScreenResultType]):
    """A card over what is open."""

    CSS_PATH = styles("dialogs")


class FormDialog(Dialog[ScreenResultType]):
    """A card with fields to fill in."""


class ConfirmScreen(Dialog[bool]):
    """A question with two answers; Escape is no."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("y,enter", "answer(True)", "dialog.yes"),
        bind("n,escape", "answer(False)", "dialog.no"),
    ]

    def __init__(self, text: str, yes: str, no: str) -> None:
        super().__init__()
        self._text, self._yes, self._no = text, yes, no

    def compose(self) -> ComposeResult:
        first, _, rest = self._text.partition("\n\n")
        with Vertical(classes="card"):
            yield Static(styled(first), classes="title")
            yield Static(styled(rest, "$text-muted"), classes="text")
            answers = [_answer("Enter", self._yes, True), _answer("Esc", self._no, False)]
            keys = Static(join(answers, "    "), classes="keys")
            keys.auto_links = False
            yield keys

    def action_answer(self, answer: bool) -> None:
        self.dismiss(answer)


def _answer(key: str, text: str, value: bool) -> Content:
    return clickable(join([styled(f"{key} ", "bold $primary"), styled(text)]), "screen.answer", value)


class LinksScreen(Dialog[str]):
    """The links of a lesson with their addresses; the one chosen is the result."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("escape,o,q", "dismiss", "dialog.close"),
        bind("j", "move('down')", "contents.down"),
        bind("k", "move('up')", "contents.up"),
    ]

    def __init__(self, links: "Sequence[Link]", lang: "Lang") -> None:
        super().__init__()
        self._links, self._lang = links, lang

    def compose(self) -> ComposeResult:
        with Vertical(classes="card"):
            yield Static(styled(say(self._lang, "links.title")), classes="title")
            yield OptionList(
                *(
                    Option(styled(link.title[self._lang], "bold") + styled(f"\n{link.url}", "underline $text-muted"))
                    for link in self._links
                ),
                markup=False,
            )

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.dismiss(self._links[event.option_index].url)

    def action_move(self, direction: str) -> None:
        options = self.query_one(OptionList)
        options.action_cursor_down() if direction == "down" else options.action_cursor_up()


class HelpScreen(Dialog[None]):
    """Every key by place."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("escape,q,f1,question_mark,enter", "dismiss", "dialog.close"),
        bind("down,j", "line(1)", "page.down"),
        bind("up,k", "line(-1)", "page.up"),
        bind("pagedown,space", "line(10)", "page.next"),
        bind("pageup", "line(-10)", "page.previous"),
    ]

    def __init__(self, groups: "Sequence[tuple[str, Sequence[tuple[str, str]]]]", home: str, lang: "Lang") -> None:
        super().__init__()
        self._groups, self._home, self._lang = groups, home, lang

    def compose(self) -> ComposeResult:
        from tui.formatting.text_layout import hang, width_of
        from tui.widgets.lines import LinesView

        widest = max((width_of(keys) for _, rows in self._groups for keys, _ in rows), default=0)
        items: list[tuple[Content, Content]] = []
        for title, rows in self._groups:
            items.append((Content(""), Content("")))
            items.append((styled(title, "bold $heading"), Content("")))
            for keys, text in rows:
                mark = styled(keys, "$primary").pad_right(max(widest - width_of(keys), 0) + 3)
                items.append((Content("  ") + mark, styled(text)))
        with VerticalScroll(classes="card", can_focus=False):
            yield Static(styled(say(self._lang, "help.title")), classes="title")
            yield LinesView(lambda width: hang(items[1:], width), classes="text")
            files = say(self._lang, "help.files", home=self._home)
            close = say(self._lang, "help.close")
            yield Static(styled(f"\n{files}\n{close}", "$text-muted"), classes="text")

    def action_line(self, step: int) -> None:
        self.query_one(".card", VerticalScroll).scroll_relative(y=step, animate=False)
