"""docs/progress.md says what the code does."""

import re
from pathlib import Path

from store import ledger, storage, sync, transfer
from store.event import EARNED, RESET, RESET_UNDONE
from store.event_log import SEGMENT
from store.reviews import AT_ONCE
from store.xp import HINT, XP

TEXT = (Path(__file__).parents[2] / "docs" / "progress.md").read_text("utf-8")


def test_every_kind_of_event_has_its_line() -> None:
    kinds = set(re.findall(r"^\| `([a-z]+\.[a-z-]+)` \|", TEXT, re.MULTILINE))
    assert kinds == {*ledger._HANDLERS, EARNED, RESET, RESET_UNDONE}


def test_the_numbers_are_those_of_the_code() -> None:
    assert f"Progress, version {transfer.VERSION}" in TEXT
    for text in (
        f"at most {SEGMENT} events",
        f"at most {sync.PART:,} events",
        f"a section read {XP['section']}, a question\nanswered right {XP['question']} (less {HINT} for each hint",
        f"{XP['first-try']} more at the first try, reviewed right on a later day {XP['review']}",
        f"measured {XP['measured']} and explained {XP['explained']}; the first finished run of each method {XP['run']}",
    ):
        assert text in TEXT
    assert (storage.BACKUP_EVERY, storage.BACKUPS, AT_ONCE) == (16, 2, 10)
