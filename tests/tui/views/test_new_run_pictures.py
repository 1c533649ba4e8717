"""What the New bench looks like, with the engine's own answer and a machine that is the same everywhere."""

import json
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from picture import in_both_languages, in_two_sizes
from textual.widgets import Input, OptionList

from lab import client
from lab.planning.machine import Machine
from lab.planning.plan import make
from lab.spec import RunSpec
from tui.views.new_run.commands_view import CommandsView
from tui.views.new_run.data_rows_view import RowsView
from tui.views.new_run.picker import Picker
from tui.views.new_run.plan_view import PlanView
from tui.widgets.top_bar import TopBar

SIZES = {"80x24": (80, 24), "120x40": (120, 40)}
SPEC = RunSpec.make({"model": "sprout-4bit", "learning_rate": 0.05, "max_seq_length": 60})
MACHINE = Machine("cpu", "CPU", 16 << 30, 16 << 30)


@pytest.fixture(scope="session")
def answer(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the engine says of the spec."""
    home = tmp_path_factory.mktemp("pictured")
    question = json.dumps({"id": 1, "kind": "plan", "fields": SPEC.model_dump(), "row": 0})
    command = client.engine_command("preview", str(home / "runs"), "--cache", str(home / "cache"))
    environment = client.engine_environment(home / "cache")
    done = subprocess.run(command, input=question, capture_output=True, text=True, env=environment, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.fixture
def pictured(at_bench: Any, until: Any, answer: dict[str, Any], home: Path) -> Callable[..., Any]:
    def at(section: str, field: str = "learning_rate", typed: str = "") -> Any:
        async def ready(pilot: Any) -> None:
            bench = await at_bench(pilot, "new")
            plan, rows, commands = (bench.query_one(kind) for kind in (PlanView, RowsView, CommandsView))
            await until(pilot, lambda: bench.form.offers["data"] and commands.equal)
            bench.form.fill(SPEC)
            bench.form.row(field).control.focus()
            if typed:
                bench.form.row(field).set_value(typed)
            await until(pilot, lambda: not commands.equal if typed else "0.05" in commands.equal.train)
            bench.planning.stop()
            outlook = bench.planning.planner.outlook(SPEC, answer)
            everywhere = replace(outlook, plan=make(replace(outlook.inputs, machine=MACHINE)))
            plan.show(everywhere)
            rows.show(everywhere)
            bench.form.set_known(outlook.known, {})
            bench.action_section(section)
            for each in bench.query(Input):
                each.cursor_blink = False
            pilot.app.screen.query_one(TopBar).visible = False  # a slow machine reads the first section meanwhile
            for _ in range(3):
                await pilot.pause()

        return ready

    return at


@in_both_languages
def test_all_of_it(app: Any, pictured: Any, snap_compare: Any, lang: str) -> None:
    assert snap_compare(app(lang), terminal_size=SIZES["120x40"], run_before=pictured("form"))


@in_both_languages
@pytest.mark.parametrize(
    "section", ["plan", *(pytest.param(name, marks=pytest.mark.long) for name in ("form", "rows"))]
)
def test_one_pane(app: Any, pictured: Any, snap_compare: Any, section: str, lang: str) -> None:
    wrong = ("lora_parameters.rank", "999") if section == "form" else ()
    assert snap_compare(app(lang), terminal_size=SIZES["80x24"], run_before=pictured(section, *wrong))


@in_two_sizes
def test_picker(app: Any, pictured: Any, until: Any, snap_compare: Any, size: str, lang: str) -> None:
    async def opened(pilot: Any) -> None:
        await pictured("form", "model")(pilot)
        await pilot.press("slash")
        await until(pilot, lambda: isinstance(pilot.app.screen, Picker))
        await until(pilot, lambda: pilot.app.screen.query_one(OptionList).option_count > 1)
        pilot.app.screen.query_one(Input).cursor_blink = False

    assert snap_compare(app(lang), terminal_size=SIZES[size], run_before=opened)


@pytest.mark.long
def test_in_the_light(app: Any, pictured: Any, snap_compare: Any) -> None:
    light = app("ko", theme="lowrank-light")
    assert snap_compare(light, terminal_size=SIZES["120x40"], run_before=pictured("form"))
