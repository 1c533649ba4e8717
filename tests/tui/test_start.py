"""The first frame: nothing heavy is imported before it."""

import subprocess
import sys

AFTER_THE_FIRST_FRAME = """
import sys
from pathlib import Path
from tui.app import LowrankApp
from tui.screens.lesson import LessonScreen

async def first_frame(self):
    shown = "\\n".join(strip.text for strip in self._compositor.render_strips())
    self.app.exit()
    print("SHOWN" if "Lowrank" in shown and "j/k" in shown else "EMPTY", *sorted(sys.modules), file=sys.__stdout__)

LessonScreen._begin = first_frame
LowrankApp(Path(sys.argv[1])).run(headless=True, size=(120, 40))
"""
HEAVY = {
    *("mlx", "mlx_lm", "transformers", "torch", "numpy", "plotext", "pydantic", "typer", "yaml", "tinydb"),
    *("markdown_it", "pygments", "psutil", "filelock"),
}


def test_the_first_frame_is_drawn_before_anything_heavy_is_imported(tmp_path: object) -> None:
    done = subprocess.run(
        [sys.executable, "-c", AFTER_THE_FIRST_FRAME, str(tmp_path)], capture_output=True, text=True, check=False
    )
    line = next(line for line in done.stdout.splitlines() if "SHOWN" in line or "EMPTY" in line)
    verdict, *modules = line[line.find("SHOWN") if "SHOWN" in line else 0 :].split()
    assert verdict == "SHOWN", done.stdout + done.stderr
    assert not HEAVY & {module.partition(".")[0] for module in modules}
    assert not {module for module in modules if module.partition(".")[0] in ("lessons", "store", "lab")}


SETTLED = """
import gc
from tui.startup_tuning import begin, settle
settle()
print(gc.get_freeze_count() > 0, gc.isenabled())
begin()
print(gc.isenabled())
settle()
print(gc.get_freeze_count() > 1000, gc.isenabled())
"""


def test_what_stays_is_looked_through_by_the_collector_only_in_a_process_of_others() -> None:
    done = subprocess.run([sys.executable, "-c", SETTLED], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True", "False", "True", "True"]
