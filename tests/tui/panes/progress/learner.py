"""A learner of the small course, with days behind them: a log written at fixed moments."""

import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from store.event_log import EventLog

NOW = datetime.fromisoformat("2026-03-20T18:30:00+00:00")
"""The moment at which tests look at the progress page: a Friday."""

Said = tuple[float, str, str, dict[str, Any]]

DID: tuple[Said, ...] = (
    (20, "section.read", "demo/thin#first", {"lang": "en"}),
    (20, "section.read", "demo/thin#second", {"lang": "en"}),
    (20, "hint.used", "demo/after?order", {"hint": 1}),
    (19, "question.answered", "demo/thin?one", {"right": True, "chosen": ["yes"], "confidence": "certain"}),
    (12, "question.answered", "demo/after?order", {"right": False, "chosen": [], "confidence": "certain"}),
    (12, "question.answered", "demo/after?order", {"right": True, "chosen": ["split", "plan", "train", "measure"]}),
    (12, "question.answered", "demo/after?sizes", {"right": True, "chosen": "4096", "confidence": "unsure"}),
    (9, "run.finished", "20260311-090000-sql-lora", {"method": "LoRA", "val_loss": 0.4}),
    (9, "run.voted", "20260311-090000-sql-lora", {"votes": 3}),
    (3, "section.read", "demo/thin#first", {"lang": "ko"}),
)


def write(home: Path, monkeypatch: pytest.MonkeyPatch, did: tuple[Said, ...] = DID) -> None:
    """Append what was done, so many days before NOW, at noon."""
    log = EventLog(home / "progress")
    for days, kind, item, payload in did:
        at = (NOW - timedelta(days=days)).replace(hour=12, minute=0)
        monkeypatch.setattr("store.event_log.now", lambda at=at: at.isoformat(timespec="milliseconds"))
        log.append(kind, item, payload)
    monkeypatch.setattr("store.event_log.now", lambda: NOW.isoformat(timespec="milliseconds"))


def stop_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the program believe that it is NOW, in UTC."""

    class Clock(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> "Clock":
            return cls.fromtimestamp(NOW.timestamp(), tz or NOW.tzinfo)

    for module in ("tui.session", "tui.panes.progress.reviews", "tui.panes.progress.parts"):
        monkeypatch.setattr(f"{module}.datetime", Clock)
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    monkeypatch.setattr("store.event_log.now", lambda: NOW.isoformat(timespec="milliseconds"))
