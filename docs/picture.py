"""Draw the README's picture: lesson 1 with a real run beside it, exported from the program itself.

python docs/picture.py            # writes docs/lowrank.svg (about a minute on 2 cores)
"""

import asyncio
import re
import tempfile
from pathlib import Path

from lab.runs import Runs
from tui.app import LowrankApp
from tui.labroom.pane import LabPane

PICTURE = Path(__file__).with_name("lowrank.svg")
SIZE = (132, 40)
FIELDS = {"iters": 160, "steps_per_report": 4, "steps_per_eval": 20, "val_batches": 4}
MOMENT = 124  # the iteration at which the picture is taken


async def draw(home: Path) -> str:
    """The SVG of the program at that moment of a run that it started itself."""
    app = LowrankApp(home)
    async with app.run_test(size=SIZE) as pilot:
        while not app.room.query(LabPane):
            await pilot.pause(0.1)
        pane = app.room.query_one(LabPane)
        while app.study.course is None:
            await pilot.pause(0.1)
        await pilot.pause(1)
        run_id = await pane.start_run(FIELDS)
        run = Runs(home / "runs").get(run_id)
        while int(run.last_event().get("iteration", 0)) < MOMENT and not run.result():
            await pilot.pause(0.2)
        await pilot.pause(0.6)
        picture = app.export_screenshot(title="lowrank")
        run.stop()
        while not run.result():
            await pilot.pause(0.1)
    return picture


def main() -> None:
    """Write the picture, without the web fonts that Textual's export names."""
    with tempfile.TemporaryDirectory() as home:
        svg = asyncio.run(draw(Path(home)))
    svg = re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL)
    PICTURE.write_text(svg.replace("Fira Code", "DejaVu Sans Mono"), encoding="utf-8")
    print(PICTURE)


if __name__ == "__main__":
    main()
