"""`lowrank train`: train an adapter, or the whole model, in a process of its own."""

from typing import Any

from lab.planning import learning_rate
from lab.planning.warnings import of_schedule
from lab.spec import RunSpec
from tui.cli.common import note, service
from tui.cli.follow import AdapterPath, Detach, Json, Now, check_copy, follow_to_end
from tui.cli.hub_fetch import fetch_named, tell_unvalidated
from tui.cli.spec_flags import spec_flags


@spec_flags
def train(
    fields: dict[str, Any],
    adapter_path: AdapterPath = None,
    now: Now = False,
    detach: Detach = False,
    as_json: Json = False,
) -> int:
    """Train an adapter, or the whole model, in a process of its own; Ctrl-C stops it and keeps what it has."""
    check_copy(adapter_path, detach, fields)
    RunSpec.make(fields)  # what is typed wrong is said before anything is fetched
    fetch_named(fields)
    run = service().create(fields)
    if not as_json:
        tell_unvalidated(run.spec.data)
        _tell_of(run.spec, fields)
    service().start(run, now=now)
    return follow_to_end(run, detach, as_json, adapter_path)


def _tell_of(spec: RunSpec, fields: dict[str, Any]) -> None:
    """What is worth knowing of a run before it starts: a rate that nobody gave, and a schedule that does not fit."""
    if "learning_rate" not in fields and spec.learning_rate == learning_rate.starting_rate(spec):
        note(f"learning rate {spec.learning_rate:g}, since none was given: {learning_rate.origin(spec)}")
    for warning in of_schedule(spec):
        note(f"! {warning}")
