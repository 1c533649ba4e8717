"""`lowrank note`: the name, the tags and the notes of a run."""

from typing import Annotated, Any

from typer import Option

from lab.runs import run_notes
from tui.cli.common import Json, RunName, runs, say, write, write_text


def note(
    run: RunName,
    name: Annotated[str | None, Option(help="What to call the run; empty shows its id again.")] = None,
    tags: Annotated[str | None, Option(help="Words with spaces or commas between, in place of its tags.")] = None,
    notes: Annotated[str | None, Option(help="Text in place of its notes.")] = None,
    as_json: Json = False,
) -> int:
    """Name a run, tag it, write notes about it; without options, show what is written."""
    found = runs().get(run)
    given: dict[str, Any] = {"name": name, "notes": notes, "tags": None if tags is None else run_notes.tags_of(tags)}
    given = {key: value for key, value in given.items() if value is not None}
    kept = run_notes.change(found, **given) if given else run_notes.read(found)
    if as_json:
        say({"run": found.id, **vars(kept), "tags": list(kept.tags)})
        return 0
    told = {"name": kept.name, "tags": " ".join(kept.tags), "group": kept.group, "notes": kept.notes}
    write(found.id)
    for key, text in told.items():
        if text:
            write_text(f"{key:<6}{text}")
    return 0
