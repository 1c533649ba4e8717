"""`lowrank models`: the bundled models and their quantized variants."""

from typing import Any

from lab.models.find import list_models
from tui.cli.common import Json, cache, megabytes, say, write


def models(as_json: Json = False) -> int:
    """List the bundled models and the variants made from them."""
    rows: list[dict[str, Any]] = [
        {"model": m.name, "parameters": m.parameters, "bits": m.bits or None, "bytes": m.bytes, "made": m.ready,
         "path": str(m.path)} for m in list_models(cache())
    ]  # fmt: skip
    if as_json:
        say({"models": rows})
    for row in [] if as_json else rows:
        kind = f"{row['bits']}-bit" if row["bits"] else "float32"
        made = "" if row["made"] else "  (made on first use)"
        write(f"{row['model']:<14}{row['parameters']:>12,} parameters  {kind:<8}{megabytes(row['bytes']):>9}{made}")
    return 0
