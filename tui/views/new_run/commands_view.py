"""The equal commands: `lowrank train`, `mlx_lm lora` and the YAML, each with the key that copies it."""

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.content import Content
from textual.reactive import reactive

from lab.datasets.find import BUNDLED as BUNDLED_DATA
from lab.errors import LabError
from lab.models.find import find_model
from lab.spec import RunSpec
from tui.formatting.sanitize import inert
from tui.formatting.text_layout import Lines, fit, pad, styled
from tui.locale import say
from tui.widgets.action_bar import action_link
from tui.widgets.containers import VerticalScroll
from tui.widgets.lines import LinesView

if TYPE_CHECKING:
    from lessons.course import Lang

FILE = "lora.yaml"
KEY, NAME = 3, 14


@dataclass(frozen=True)
class Equal:
    """Three ways to say the same run; `mlx` writes the YAML before it runs, so that it can be pasted as it is."""

    train: str
    mlx: str
    yaml: str


def equal(spec: RunSpec, cache: Path) -> Equal:
    """The commands for a spec. Models that were never used yet are where they will be made."""
    try:
        model: Path | str = find_model(spec.model, cache, spec.bits).path or spec.model
    except LabError:
        model = spec.model
    bundled = BUNDLED_DATA / spec.data
    data = bundled if "/" not in spec.data and bundled.is_dir() else Path(spec.data).expanduser()
    text = spec.document(model_path=model, data_path=data, adapter_path="adapters")
    mlx = f"cat > {FILE} <<'END'\n{text}END\nmlx_lm lora -c {FILE}"
    return Equal(shlex.join(spec.command()), mlx, text)


class CommandsView(VerticalScroll, can_focus=True):
    """Three lines; with `whole`, the YAML line by line too."""

    lang: reactive["Lang"] = reactive("en", init=False)
    whole: reactive[bool] = reactive(False, init=False)

    def __init__(self, lang: "Lang") -> None:
        super().__init__(id="new-commands")
        self.set_reactive(CommandsView.lang, lang)
        self.equal: Equal | None = None

    def compose(self) -> ComposeResult:
        yield LinesView(self._lines)

    def watch_lang(self) -> None:
        self._draw()

    def watch_whole(self) -> None:
        self._draw()

    def show(self, equal: Equal | None) -> None:
        """Other commands, or none while a field is wrong."""
        if equal != self.equal:
            self.equal = equal
            self._draw()

    def _draw(self) -> None:
        for view in self.query(LinesView):
            view.set_layout(self._lines)

    def _lines(self, width: int) -> Lines:
        if self.equal is None:
            missing = say(self.lang, "new.command.wrong")
            keys = (("F5", "train"), ("F6", "mlx"), ("F7", "yaml"))
            return [line for key, name in keys for line in self._entry(key, name, missing, width, 1)]
        yaml = self.equal.yaml.splitlines()
        count = say(self.lang, "new.command.lines", count=len(yaml))
        lines = self._entry("F5", "train", self.equal.train, width, 8 if self.whole else 2)
        lines += self._entry("F6", "mlx", f"mlx_lm lora -c {FILE}", width, 1)
        lines += self._entry("F7", "yaml", FILE if self.whole else f"{FILE}  ({count})", width, 1)
        if self.whole:
            note = say(self.lang, "new.command.note")
            lines += [*styled(note, "$text-disabled").wrap(max(width, 4)), Content("")]
            lines += [fit(styled(inert(line), "$code-string"), width) for line in yaml]
        return lines

    def _entry(self, key: str, name: str, text: str, width: int, most: int) -> Lines:
        label = styled(f"{key} ", "bold $primary") + styled(say(self.lang, f"new.command.{name}"), "$text-muted")
        label = action_link(pad(label, KEY + NAME), f"copy('{name}')")
        found = styled(inert(text), "$code-name").wrap(max(width - KEY - NAME, 8))
        shown = found[:most]
        if len(found) > most:
            shown[-1] = fit(shown[-1], width - KEY - NAME - 2) + styled(" …", "$faint")
        return [(label if number == 0 else Content(" " * (KEY + NAME))) + line for number, line in enumerate(shown)]
