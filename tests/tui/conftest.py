"""The real program on a small course of its own, in a home of its own."""

import json
import pickle
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from picture import difference, rest
from pytest_textual_snapshot import node_to_report_path
from textual.pilot import Pilot
from waiting import PATIENCE, pauses

from lab.runs.directory import Run, Runs
from lab.spec import RunSpec
from store.event_log import EventLog
from tui.app import LowrankApp
from tui.panes.reader import ReaderPane

TRACKS = Path(__file__).parent / "tracks"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


MakeApp = Callable[..., LowrankApp]


@pytest.fixture
def app(home: Path) -> MakeApp:
    def make(lang: str = "en", tracks: Path = TRACKS, theme: str = "lowrank-dark") -> LowrankApp:
        if not (home / "look.json").exists() and home.is_dir():
            (home / "look.json").write_text(json.dumps({"lang": lang, "theme": theme}))
        return LowrankApp(home, tracks)

    return make


Until = Callable[..., Awaitable[None]]


@pytest.fixture(name="until")
def until_fixture() -> Until:
    return until


async def until(pilot: Pilot[Any], holds: Callable[[], object], patience: float = PATIENCE) -> None:
    """Let the program go on until `holds` is true; fails when it never is, or when the program ended in an error."""
    end, pause = time.monotonic() + patience, pauses()
    while not holds():
        assert time.monotonic() < end, "it never came to that"
        assert pilot.app.return_code in (None, 0), "the program has failed"
        await pilot.pause(next(pause))
    await pilot.pause()


Opened = Callable[[Pilot[Any]], Awaitable[None]]


@pytest.fixture(name="opened")
def opened_fixture() -> Opened:
    async def opened(pilot: Pilot[Any]) -> None:
        """Until lessons, log and runs are loaded and drawn, and the lab has looked for runs."""
        await until(pilot, lambda: pilot.app.lesson_screen.ready)
        await until(pilot, lambda: not pilot.app.query("#lab-looking"))
        page = pilot.app.lesson_screen.query_one("#reader .page")
        await until(pilot, lambda: any(block.virtual_region.height for block in page.children))
        await pilot.pause()

    return opened


@pytest.fixture
def events(home: Path) -> Callable[..., list[tuple[str, str, dict[str, object]]]]:
    def read(kind: str = "") -> list[tuple[str, str, dict[str, object]]]:
        """(kind, item, payload) of what is on disk."""
        found = EventLog(home / "progress").events()
        return [(e.kind, e.item, dict(e.payload)) for e in found if not kind or e.kind == kind]

    return read


@pytest.fixture
def text() -> Callable[..., str]:
    def screen_text(pilot: Pilot[Any]) -> str:
        """What is on the screen, as lines of text."""
        lines = pilot.app.screen._compositor.render_strips()
        return "\n".join(strip.text.rstrip() for strip in lines)

    return screen_text


@pytest.fixture
def words(text: Callable[..., str]) -> Callable[..., str]:
    """The screen as one line, so that a test finds a sentence wherever a long path makes it wrap."""
    return lambda pilot: " ".join(text(pilot).split())


class RunFolders:
    """Run directories as the engine leaves them."""

    def __init__(self, home: Path) -> None:
        self.runs = Runs(home / "runs")

    def run(self, name: str, **fields: object) -> Run:
        made = self.runs.create(RunSpec.make(dict(fields)), model_path="sprout", data_path="sql")
        return Run(made.path.rename(made.path.with_name(name)))

    def finish(self, run: Run, parameters: int = 175_104, method: str = "LoRA") -> None:
        """A finished run whose adapter file holds that many numbers."""
        header = json.dumps(
            {"a": {"dtype": "F32", "shape": [parameters], "data_offsets": [0, 4 * parameters]}}
        ).encode()
        file = run.adapters / "adapters.safetensors"
        file.write_bytes(len(header).to_bytes(8, "little") + header + bytes(4 * parameters))
        result = {
            "event": "finished",
            "run": run.id,
            "method": method,
            "iterations": 1,
            "train_loss": 1.5,
            "val_loss": 1.25,
        }
        lines = [{"event": "started", "method": method, "iterations": 1}, result]
        (run.path / "events.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        (run.path / "result.json").write_text(json.dumps(result))


@pytest.fixture
def bench(home: Path) -> RunFolders:
    return RunFolders(home)


@pytest.fixture
def snap_compare(
    snap_compare: Any, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., bool]:
    """Pictures of a screen at rest; the lines that are not the stored ones are printed."""
    # A slow machine would take so long that a section counts as read.
    monkeypatch.setattr(ReaderPane, "clock", staticmethod(lambda: 0.0))

    def compare(app: LowrankApp, *, run_before: Callable[[Pilot[Any]], Awaitable[None]], **more: Any) -> bool:
        async def rested(pilot: Pilot[Any]) -> None:
            await run_before(pilot)
            await rest(pilot)

        same = bool(snap_compare(app, run_before=rested, **more))
        if not same:
            _, stored, taken, *_ = pickle.loads(node_to_report_path(request.node).read_bytes())
            print(difference(stored, taken))
        return same

    return compare
