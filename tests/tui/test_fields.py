"""Nothing invisible stands in a field that somebody edits: neither typed, nor pasted, nor filled in from outside."""

import ast
from collections.abc import Callable
from pathlib import Path

import pytest
from styled_app import StyledApp
from textual.app import ComposeResult
from textual.events import Paste
from textual.widget import Widget
from textual.widgets import Input, TextArea

import tui
from tui.views.chat.widgets import PromptField
from tui.views.fuse.view import FolderField
from tui.widgets.form_field import FlagField, LineField, StillInput
from tui.widgets.text_area import CleanArea, Sentences

HOSTILE = "a\x1b]52;c;eA==\x07\x9b31m\u202eb\u200b\u3164\x7f"
CLEAN = "a]52;c;eA==31mb"


class Page(StyledApp):
    """One widget in the program's colours."""

    def __init__(self, make: Callable[[], Widget]) -> None:
        super().__init__()
        self._make = make

    def compose(self) -> ComposeResult:
        yield self._make()


@pytest.mark.parametrize("kind", [StillInput, LineField, FlagField, FolderField])
async def test_a_line_is_clean_whoever_fills_it(kind: type[Input]) -> None:
    async with Page(lambda: kind(HOSTILE)).run_test() as pilot:
        field = pilot.app.query_one(kind)
        assert field.value == CLEAN
        field.value = f"1\n2\t{HOSTILE}"
        assert field.value == f"1 2 {CLEAN}"
        field.value = ""
        field.focus()
        pilot.app.post_message(Paste(HOSTILE))
        await pilot.pause()
        assert (field.value, field.cursor_position) == (CLEAN, len(CLEAN))
        await pilot.press("x")
        assert field.value == f"{CLEAN}x"
        field.insert_text_at_cursor(HOSTILE)
        assert field.value == f"{CLEAN}x{CLEAN}"


@pytest.mark.parametrize("make", [CleanArea, Sentences, lambda text: PromptField("question")])
async def test_a_page_is_clean_whoever_fills_it(make: type[CleanArea]) -> None:
    async with Page(lambda: make(f"{HOSTILE}\n")).run_test() as pilot:
        area = pilot.app.query_one(TextArea)
        assert area.text in ("", f"{CLEAN}\n")
        area.text = f"1\r\n\t{HOSTILE}"
        assert area.text == f"1\n\t{CLEAN}"
        area.move_cursor(area.document.end)
        area.focus()
        pilot.app.post_message(Paste(f"{HOSTILE}\r2"))
        await pilot.pause()
        assert area.text == f"1\n\t{CLEAN}{CLEAN}\n2"
        area.insert(HOSTILE, (0, 0))
        area.replace(HOSTILE, (0, 0), (0, 1))
        assert area.text == f"{CLEAN}{CLEAN[1:]}1\n\t{CLEAN}{CLEAN}\n2"


def test_every_field_of_the_program_is_one_of_these() -> None:
    folder, found = Path(tui.__file__).parent, []
    for file in folder.rglob("*.py"):
        if file.name in ("form_field.py", "text_area.py") and file.parent.name == "widgets":
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            made = [node.func] if isinstance(node, ast.Call) else node.bases if isinstance(node, ast.ClassDef) else []
            found += [f"{file}:{node.lineno}" for each in made if ast.unparse(each) in ("Input", "TextArea")]
    assert not found
