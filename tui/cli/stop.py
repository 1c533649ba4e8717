"""`lowrank stop`: stop a run and keep its adapter."""

import time

from lab.errors import LabError
from lab.runs.crash_recovery import settle
from lab.runs.service import Stage
from tui.cli.common import Json, RunName, note, runs, say, service, write
from tui.cli.follow import POLL, tell_stage

PATIENCE, AGAIN = 1.0, 10.0  # seconds after which `stop` says what it waits for, and says it again


def stop(run: RunName, as_json: Json = False) -> int:
    """Stop a run at its next step and keep its adapter; one that waits for its turn is stopped too."""
    found = runs().get(run)
    if not service().stop(found):
        raise LabError(f"is not running ({settle(found)})", where=found.id, remedy="`lowrank runs` lists every run")
    began = said = time.monotonic()
    stage: Stage = "asked"
    while found.lives() and not found.result():
        time.sleep(POLL)
        stage = tell_stage(found, stage)
        if stage == "asked" and (moment := time.monotonic()) - said > (PATIENCE if said == began else AGAIN):
            said = moment
            note(f"{found.id} ends the step it is in and saves ({moment - began:.0f} s)")
    state = settle(found)
    say({"run": found.id, "state": state}) if as_json else write(f"{found.id} {state}")
    return 0
