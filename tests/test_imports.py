"""What may be loaded when: the first frame waits for nothing heavy."""

import json
import os
import subprocess
import sys
from pathlib import Path

import grimp
import pexpect
import pytest

PROGRAM = Path(__file__).with_name("first_frame.py")
NEVER = {"mlx", "mlx_lm", "transformers"}
"""Not in this process at all: they are the engine's."""
LATER = {"plotext", "pydantic", "typer", "yaml", "markdown_it", "tinydb", "filelock", "fsrs", "numpy"}
"""Not before the first frame is on the screen."""


def test_the_first_frame_has_loaded_nothing_heavy(tmp_path: Path) -> None:
    file = tmp_path / "modules.json"
    env = {**os.environ, "LOWRANK_HOME": str(tmp_path / "home"), "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
    program = pexpect.spawn(
        sys.executable, [str(PROGRAM), str(file)], env=env, dimensions=(40, 120), encoding="utf-8", timeout=300
    )
    try:
        program.expect("Lowrank")
        loaded = set(json.loads(file.read_text()))
        assert {"textual", "tui.app"} <= loaded
        assert not loaded & NEVER
        assert not loaded & LATER
    finally:
        program.close(force=True)


def test_a_command_loads_its_own_module_alone_and_none_loads_mlx() -> None:
    script = f"""
import sys
from typer.main import get_command
from tui.cli.main import app
group = get_command(app)
group.commands["runs"]
print(*sorted(name for name in sys.modules if name in ("tui.cli.train", "tui.cli.data", "tui.cli.plan")))
dict(group.commands)
print(*sorted({NEVER!r} & set(sys.modules)), "tui.cli.train" in sys.modules)
"""
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout.split() == ["True"]


def test_no_modules_import_one_another_in_a_circle() -> None:
    """Imports inside functions and for types count too. import-linter looks at packages, and this at modules."""
    graph = grimp.build_graph("foreign", "i18n", "lab", "lessons", "store", "tui", cache_dir=None)
    above = {module: graph.find_upstream_modules(module) for module in graph.modules}
    circles = {module for module, found in above.items() if any(module in above[other] for other in found)}
    assert not {module for module in circles if not module.startswith("tui.views.new_run.")}


@pytest.mark.parametrize(
    "module", ["tui.cli.main", "tui.panes.lab.pane", "lab.runs.directory", "store.progress", "lessons.loader"]
)
def test_no_room_but_the_engine_loads_mlx(module: str) -> None:
    script = f"import sys, {module}; print(*sorted({NEVER!r} & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout.split() == []
