"""Fetching what a command names on a hub, before anything is made: whoever types an id there has agreed to it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lab import hub
from lab.datasets.find import is_bundled, split_file
from lab.datasets.formats import split_command
from lab.models.find import is_bundled_model
from lab.paths import shown
from tui.cli.common import Status, cache, note
from tui.cli.engine import ask
from tui.formatting import units


def fetch_named(fields: Mapping[str, Any], *, model: bool = True) -> None:
    """Fetch the data set, and with `model` the base, that fields of a spec name on a hub and that are not here yet.

    Raises LabError if they cannot be had.
    """
    data, base = str(fields.get("data") or ""), str(fields.get("model") or "")
    if data and not is_bundled(data) and not Path(data).expanduser().exists():
        fetch_data(data)
    elsewhere = not is_bundled_model(base) and not Path(base).expanduser().exists()
    if model and elsewhere and hub.HUB_ID.fullmatch(base) and not hub.model_folder(base):
        found = _fetch("model", base)
        note(f"{base}: {units.size(found['bytes'])} fetched into {shown(found['path'])}")


def fetch_data(data_id: str) -> str:
    """The folder of the data set of that id, fetched if it is not here yet; what is no id is given back as it is."""
    if not hub.is_data_id(data_id):
        return data_id
    if here := hub.fetched(data_id, cache()):
        return str(here)
    found = _fetch("data", data_id)
    rows = ", ".join(f"{count:,} {split}" for split, count in found["rows"].items())
    came = f"{units.size(found['bytes'])} fetched, commit {found['commit'][:7]}"
    note(f"{data_id}: {rows} rows ({found['format']}); {came}")
    for split, reasons in found["left_out"].items():
        why = ", ".join(f"{reason} ({count:,})" for reason, count in reasons.items())
        note(f"{data_id}: left out {sum(reasons.values()):,} {split} rows: {why}")
    if found["columns_left_out"]:
        note(f"{data_id}: columns not read: {', '.join(found['columns_left_out'])}")
    return str(found["path"])


def _fetch(kind: str, name: str) -> dict[str, Any]:
    with Status() as status:
        status.show(f"asking the hub about {name}")
        told = False

        def progress(event: dict[str, Any]) -> None:
            nonlocal told
            if not told:
                told = True
                status.clear()
                note(f"fetching {name} from the hub: {units.size(event['total'])}")
            share = event["done"] / event["total"] if event["total"] else 1.0
            done = f"{units.size(event['done'])} of {units.size(event['total'])}"
            status.show(f"{event['stage']} {name}  {done} {share:>5.0%}")

        return ask("fetch", name, "--kind", kind, log=cache() / "fetch.log", progress=progress)


def tell_unvalidated(data: str) -> None:
    """Say so if a data set has no validation rows, and which command makes some."""
    try:
        missing = split_file(data, "valid").stat().st_size == 0
    except OSError:
        missing = True
    if missing:
        name = shown(data)
        note(f"lowrank: {name} has no validation rows, so there will be no validation curve, no best checkpoint and no"
             f" answers to look at; `{split_command(name)}` sets some aside")  # fmt: skip
