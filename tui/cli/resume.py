"""`lowrank resume`: continue a run from its last checkpoint."""

from lab.runs.crash_recovery import settle
from lab.runs.outcome import all_events
from tui.cli.common import RunName, runs, service
from tui.cli.follow import AdapterPath, Detach, Json, Now, check_copy, follow_to_end


def resume(
    run: RunName,
    adapter_path: AdapterPath = None,
    now: Now = False,
    detach: Detach = False,
    as_json: Json = False,
) -> int:
    """Go on with a run that failed, was stopped or was killed, from its last checkpoint, as if nothing had happened."""
    found = runs().get(run)
    check_copy(adapter_path, detach, found.spec.model_dump())
    settle(found)
    heard = sum(1 for _ in all_events(found))
    service().start(found, now=now)
    return follow_to_end(found, detach, as_json, adapter_path, heard)
