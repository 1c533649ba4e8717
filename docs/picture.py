"""Draw the README's pictures, exported from the program itself while it does what they show.

python docs/picture.py                # both, in two or three minutes on 2 cores
python docs/picture.py lowrank        # docs/lowrank.svg: lesson 1 with a real run beside it
python docs/picture.py three-way      # docs/three-way.svg: what one key comes to in an empty lab
"""

import asyncio
import re
import sys
import tempfile
from pathlib import Path

from lab.events.schema import iteration_of
from lab.runs.directory import Runs
from lab.runs.stop import request_stop
from tui.app import LowrankApp
from tui.panes.lab.pane import LabPane
from tui.views.compare.view import CompareView
from tui.widgets.toast import Toast

SIZE = (132, 40)
FIELDS = {"iters": 160, "steps_per_report": 4, "steps_per_eval": 20, "val_batches": 4}
MOMENT = 124  # the iteration at which the picture is taken


async def draw(home: Path) -> str:
    """The SVG of the program at that moment of a run that it started itself."""
    app = LowrankApp(home)
    async with app.run_test(size=SIZE) as pilot:
        while not app.lesson_screen.query(LabPane):
            await pilot.pause(0.1)
        pane = app.lesson_screen.query_one(LabPane)
        while app.session.course is None:
            await pilot.pause(0.1)
        await pilot.pause(1)
        run_id = await pane.start_run(FIELDS)
        run = Runs(home / "runs").get(run_id)
        while iteration_of(run.last_event()) < MOMENT and not run.result():
            await pilot.pause(0.2)
        await pilot.pause(0.6)
        picture = app.export_screenshot(title="lowrank")
        request_stop(run)
        while not run.result():
            await pilot.pause(0.1)
    return picture


async def draw_three_way(home: Path) -> str:
    """The SVG of the comparison that the key v ends on, its three runs trained and asked for it."""
    app = LowrankApp(home)
    async with app.run_test(size=SIZE) as pilot:
        while not app.lesson_screen.ready:
            await pilot.pause(0.1)
        await pilot.press("f4")
        while app.laboratory is None or app.laboratory.bench is None:
            await pilot.pause(0.1)
        await pilot.press("v")
        while not done(app):
            await pilot.pause(0.2)
        for ribbon in app.laboratory.query(Toast):
            while ribbon.skip():
                pass
        await pilot.pause(1)
        return app.export_screenshot(title="lowrank")


def done(app: LowrankApp) -> bool:
    """Whether the bench that compares has asked all its runs."""
    bench = app.laboratory.bench if app.laboratory is not None else None
    if not isinstance(bench, CompareView) or bench.comparison is None or bench.measuring is not None:
        return False
    return all(each.score for each in bench.comparison.contenders)


DRAWN = {"lowrank": draw, "three-way": draw_three_way}


def main() -> None:
    """Write the pictures asked for, without the web fonts that Textual's export names."""
    for name in sys.argv[1:] or DRAWN:
        with tempfile.TemporaryDirectory() as home:
            svg = asyncio.run(DRAWN[name](Path(home)))
        svg = re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL)
        picture = Path(__file__).with_name(f"{name}.svg")
        picture.write_text(svg.replace("Fira Code", "DejaVu Sans Mono"), encoding="utf-8")
        print(picture)


if __name__ == "__main__":
    main()
