"""Choosing a model or a data set: bundled, used lately, a folder of this machine, or an id on the hub."""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from lab.hub import HUB_ID, is_data_id
from tui.formatting.sanitize import inert
from tui.formatting.short_paths import short_path
from tui.formatting.text_layout import styled
from tui.key_bindings import bind
from tui.locale import say
from tui.widgets.dialogs import Dialog
from tui.widgets.form_field import StillInput

if TYPE_CHECKING:
    from lessons.course import Lang
    from tui.views.new_run.form import Offer

NAME = 44
"""Cells of a name; of a longer one its end is shown."""
MOST = 200
"""Folders listed at once."""
NEEDED = {"model": "config.json", "data": "train.jsonl"}


class Found(NamedTuple):
    """One line to choose; `goes` is false for a folder that is only on the way to one."""

    name: str
    note: str
    goes: bool = True


class Picker(Dialog[str]):
    """The name chosen, or "" for none."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("escape", "pick_close", "new.pick-close"),
        bind("down", "move(1)", "new.pick-down"),
        bind("up", "move(-1)", "new.pick-up"),
    ]

    def __init__(self, kind: str, offers: "Sequence[Offer]", lang: "Lang") -> None:
        super().__init__()
        self._kind, self._offers, self._lang = kind, tuple(offers), lang
        self._found: list[Found] = []

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(styled(say(self._lang, f"new.pick.{self._kind}")), id="pick-title")
            yield StillInput(placeholder=say(self._lang, "new.pick.hint"), id="pick-text", compact=True)
            found = OptionList(markup=False, id="pick-list")
            found.can_focus = False
            yield found
            yield Static(styled(say(self._lang, "new.pick.keys")), id="pick-keys")

    async def on_mount(self) -> None:
        self.query_one(Input).focus()
        await self._look("")

    async def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        await self._look(event.value)

    async def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        here = self.query_one(OptionList).highlighted
        if here is not None:
            self._take(self._found[here])

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self._take(self._found[event.option_index])

    def key_tab(self) -> None:
        """Write the folder under the cursor into the line, to go on from there."""
        here = self.query_one(OptionList).highlighted
        if here is not None and self._found[here].name.startswith(("/", "~", ".")):
            self._write(self._found[here].name)

    def action_move(self, by: int) -> None:
        options = self.query_one(OptionList)
        options.action_cursor_down() if by > 0 else options.action_cursor_up()

    def action_pick_close(self) -> None:
        self.dismiss("")

    def _take(self, found: Found) -> None:
        self.dismiss(found.name) if found.goes else self._write(found.name)

    def _write(self, path: str) -> None:
        field = self.query_one(Input)
        field.value = path.rstrip("/") + "/"
        field.cursor_position = len(field.value)

    async def _look(self, text: str) -> None:
        found = await asyncio.to_thread(self._matches, text.strip())
        if text == self.query_one(Input).value:
            self._found = found
            options = self.query_one(OptionList)
            options.clear_options()
            options.add_options([self._line(each) for each in found])
            options.highlighted = 0 if found else None

    def _line(self, found: Found) -> Option:
        name = styled(short_path(inert(found.name), NAME), "bold" if found.goes else "")
        return Option(name + styled(f"  {found.note}", "$text-muted"))

    def _matches(self, text: str) -> list[Found]:
        if text.startswith(("/", "~", ".")):
            return folders(text, NEEDED[self._kind], say(self._lang, "new.pick.folder")) or [
                Found(text, say(self._lang, "new.pick.no-folder"), False)
            ]
        found = []
        for offer in self._offers:
            if text.lower() in offer.name.lower():
                group = say(self._lang, "new.pick.bundled" if offer.bundled else "new.pick.recent")
                found.append(Found(offer.name, f"{group}  {offer.note}".rstrip()))
        is_id = is_data_id(text) if self._kind == "data" else HUB_ID.fullmatch(text)
        if is_id and all(each.name != text for each in found):
            found.append(Found(text, say(self._lang, "new.pick.hub")))
        return found


def folders(text: str, needed: str, words: str) -> list[Found]:
    """The folder that is typed, if it holds the file needed, and those whose names begin so."""
    path = Path(text).expanduser()
    found = [Found(text.rstrip("/") or "/", words)] if (path / needed).is_file() else []
    parent, start = (path, "") if text.endswith("/") else (path.parent, path.name)
    try:
        with os.scandir(parent) as entries:
            found_here = sorted((e.name, e.is_dir()) for e in entries if e.name.startswith(start))
    except OSError:
        return found
    shown = text if text.endswith("/") else text[: len(text) - len(start)]
    names = [name for name, is_folder in found_here if is_folder][:MOST]
    files = [name for name, is_folder in found_here if not is_folder and name.endswith(".jsonl")][:MOST]
    if needed == NEEDED["data"] and needed not in files:  # rows in one piece, which can be divided
        found += [Found(f"{shown}{name}", ".jsonl") for name in files]
    for name in names:
        if name.startswith(".") and not start.startswith("."):
            continue
        goes = (parent / name / needed).is_file()
        full = f"{shown}{name}"
        if all(each.name != full for each in found):
            found.append(Found(full, needed if goes else "…/", goes))
    return found
