"""The form that divides rows which came in one piece: shares, seed, and a column whose values stay together."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Input, Static

from lab.datasets.find import is_bundled
from lab.datasets.split import SHARE, Division, divide, target_of
from lab.errors import LabError
from lab.paths import absolute, shown
from tui.formatting.sanitize import inert
from tui.formatting.text_layout import styled
from tui.key_bindings import bind
from tui.locale import say
from tui.widgets.action_bar import ActionBar, ActionItem
from tui.widgets.dialogs import FormDialog
from tui.widgets.form_field import StillInput

if TYPE_CHECKING:
    from lessons.course import Lang

FIELDS = {"valid": f"{SHARE:g}", "test": f"{SHARE:g}", "seed": "0", "by": ""}


def divisible(data: str) -> bool:
    """Whether a data set, or one file of rows, has no validation rows and may be divided."""
    place = Path(data).expanduser()
    if is_bundled(data) or not place.exists():
        return False
    valid = place / "valid.jsonl"
    return place.is_file() or ((place / "train.jsonl").is_file() and not (valid.exists() and valid.stat().st_size))


class SplitScreen(FormDialog[str]):
    """The folder in which the divided rows lie, or "" for none."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("f5,ctrl+s", "start", "new.split-start", show=True),
        bind("escape", "dismiss('')", "new.split-close", show=True),
    ]

    def __init__(self, data: str, lang: "Lang") -> None:
        super().__init__()
        self._place, self._lang = absolute(data), lang
        self._target = _free(target_of(self._place))
        self._working = False

    def _say(self, key: str, **values: object) -> str:
        return say(self._lang, key, **values)

    def compose(self) -> ComposeResult:
        about = self._say("new.split.about", name=inert(shown(self._place)), folder=inert(shown(self._target)))
        with Vertical(classes="card"):
            yield Static(styled(self._say("new.split.title")), classes="title")
            yield Static(styled(about), classes="about")
            for name, value in FIELDS.items():
                with Horizontal(classes="field"):
                    yield Static(styled(self._say(f"new.split.{name}")))
                    hint = self._say("new.split.by-none") if name == "by" else ""
                    yield StillInput(value, id=f"split-{name}", compact=True, placeholder=hint)
            yield Static("", id="split-told", markup=False)
            start, away = self._say("key.new.split-start"), self._say("key.new.split-close")
            yield ActionBar(ActionItem("F5", start, "start"), ActionItem("Esc", away, "dismiss"), id="split-keys")

    def on_mount(self) -> None:
        self.query_one("#split-valid", Input).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_start()

    def action_start(self) -> None:
        """Divide the rows, or say what is wrong."""
        if not self._working:
            self._working = True
            self._tell(self._say("new.split.working"), "$text-muted")
            self.run_worker(self._divide())

    async def _divide(self) -> None:
        try:
            await asyncio.to_thread(divide, self._place, self._target, self._asked())
        except LabError as error:
            where = error.where.rpartition("/")[2]  # the end of a path is what tells
            told = f"{where}: {error.what}" if where else error.what
            self._tell(f"✗ {inert(told)}; {inert(error.remedy)}", "$error")
        except OSError as error:
            self._tell(f"✗ {inert(error)}", "$error")
        else:
            self.dismiss(str(self._target))
        finally:
            self._working = False

    def _asked(self) -> Division:
        """What is typed. Raises LabError naming the field that is no number."""
        typed = {name: self.query_one(f"#split-{name}", Input).value.strip() for name in FIELDS}
        for name, kind in (("valid", float), ("test", float), ("seed", int)):
            try:
                kind(typed[name])
            except ValueError:
                raise LabError(self._say("new.split.no-number", field=self._say(f"new.split.{name}"))) from None
        return Division(float(typed["valid"]), float(typed["test"]), int(typed["seed"]), typed["by"])

    def _tell(self, text: str, style: str) -> None:
        self.query_one("#split-told", Static).update(styled(text, style))


def _free(folder: Path) -> Path:
    """The folder, or one with a number behind it, whichever is not there yet."""
    number, found = 2, folder
    while found.exists():
        found, number = folder.with_name(f"{folder.name}-{number}"), number + 1
    return found
