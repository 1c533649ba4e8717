"""Writing a run's events: one JSON object a line, appended whole, flushed at once."""

import json
import os
from datetime import datetime
from pathlib import Path
from typing import Any

VERSION = 1


class EventWriter:
    """Appends to events.jsonl; a last word (finished, stopped, failed) also becomes result.json, on disk for good."""

    def __init__(self, run: Path) -> None:
        self.run = run
        self._file = os.open(run / "events.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def write(self, event: str, **fields: Any) -> None:
        now = datetime.now().astimezone().isoformat(timespec="milliseconds")
        line = json.dumps({"v": VERSION, "at": now, "event": event, **_plain(fields)}, ensure_ascii=False)
        os.write(self._file, line.encode() + b"\n")

    def last_word(self, event: str, **fields: Any) -> None:
        temporary = self.run / ".result.json"
        temporary.write_text(json.dumps({"event": event, **_plain(fields)}, indent=2), encoding="utf-8")
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        os.replace(temporary, self.run / "result.json")
        self.write(event, **fields)
        os.fsync(self._file)


def _plain(value: Any) -> Any:
    """JSON has no NaN or infinity: they become null."""
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    return value
