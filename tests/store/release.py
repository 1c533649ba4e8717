"""Run at each release: write a log with every kind of event, as this version writes it.

    PYTHONPATH=.:tests python tests/store/release.py

It lies then in tests/store/fixtures/VERSION, with an export, a shared folder, and what it all amounts to (state.json);
each later version must come to the same. `--again` replaces the one of a version that is not released yet.
"""

import argparse
import json
import shutil
import sys
import tomllib
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from learned import COURSE, ONE, QUESTIONS, TWO, everything

from store import event_log as log_module
from store import transfer
from store.event import RESET, RESET_UNDONE
from store.event_log import EventLog
from store.progress import Progress, replay
from store.reviews import due
from store.sync import sync

FIXTURES = Path(__file__).with_name("fixtures")
START = datetime(2026, 11, 2, 9, tzinfo=timezone(timedelta(hours=9)))
LATER = datetime(2026, 12, 1, tzinfo=UTC)


def state(progress: Progress) -> dict[str, Any]:
    """What a log amounts to, as JSON says it; what only newer versions know of is not asked for."""
    fields = {
        "xp": progress.xp,
        "level": progress.level_name,
        "lessons_done": sorted(progress.lessons_done_ids),
        "percent": progress.percent,
        "achievements": sorted(progress.achievements),
        "awards": sorted([award.item, award.award, award.xp] for award in progress.awards),
        "sections_read": sorted(progress.sections_read),
        "questions": {key: answered._asdict() for key, answered in progress.questions.items()},
        "hints": {key: sorted(hints) for key, hints in progress.hints.items()},
        "sentences": {key: each.sentences for key, each in progress.exercises.items()},
        "locked": {key: each.locked for key, each in progress.exercises.items()},
        "runs": {key: each.runs for key, each in progress.exercises.items()},
        "position": [progress.last_lesson, progress.position, progress.position_block],
        "language": progress.language,
        "settings": progress.settings,
        "runs_finished": sorted(progress.runs_finished),
        "recalls": {key: [[each.at, each.rating, each.certain] for each in recalls]
                    for key, recalls in progress.recalls.items()},
        "due": sorted(due(progress, LATER)),
    }  # fmt: skip
    plain: dict[str, Any] = json.loads(json.dumps(fields))
    return plain


def write(folder: Path) -> None:
    """The log, its export, its shared folder and its state."""
    at = START
    log_module.now = lambda: at.isoformat(timespec="milliseconds")  # type: ignore[attr-defined]
    log_module.SEGMENT = 16
    log = EventLog(folder)
    early = log.append("section.read", ONE.sections[0], {"lang": "en"})
    reset = log.append(RESET)
    log.append(RESET_UNDONE, payload={"reset": reset.id})
    steps: list[tuple[str, str, dict[str, Any]]] = [
        ("language.set", "", {"lang": "ko"}),
        ("setting.set", "theme", {"value": "lowrank-light"}),
        ("hint.used", QUESTIONS[0], {"hint": 1}),
        ("question.answered", QUESTIONS[0], {"right": False, "chosen": ["나"], "attempt": 0, "confidence": "certain"}),
        *((each.kind, each.item, dict(each.payload)) for each in everything()),
        ("exercise.run", "lora/one!count", {"run": "r1", "name": "lora"}),
        ("run.resumed", "r1", {"at": 40, "after": "killed"}),
        ("run.failed", "r9", {"verdict": "diverged", "explained": "The rate was too high."}),
        ("run.baseline", "r1", {"of": "r0", "base_exact_match": 0.02}),
        ("run.fused", "r1", {"way": "whole", "kl": 1e-5, "faults": 0, "exact_match": 0.9, "exact_match_adapter": 0.9,
                             "effect": 0.5, "questions": 200}),
        ("run.voted", "r1", {"votes": 5}),
        ("runs.compared", "r1 r2", {"lora": 0.3, "dora": 0.4}),
        ("runs.banded", "r1 r2 r3", {"seeds": 3}),
        ("lesson.position", "lora/two", {"section": TWO.sections[0], "block": 2}),
    ]  # fmt: skip
    for kind, item, payload in steps:
        at += timedelta(days=2) if kind == "review.done" else timedelta(minutes=1)
        log.append(kind, item, payload)
    assert early in log.events()
    transfer.export(log, folder / "export.json")
    sync(folder, folder.parent / f"{folder.name}-shared")
    shutil.move(folder.parent / f"{folder.name}-shared", folder / "shared")
    (folder / "lock").unlink(missing_ok=True)
    content = json.dumps(state(replay(log.events(), COURSE)), ensure_ascii=False, indent=1, sort_keys=True)
    (folder / "state.json").write_text(content + "\n", "utf-8")


def main() -> int:
    """Run it as a command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--again", action="store_true")
    again = parser.parse_args().again
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))
    folder = FIXTURES / project["project"]["version"]
    if folder.exists() and not again:
        print(f"{folder} is there; a log that a release wrote is never changed", file=sys.stderr)
        return 1
    shutil.rmtree(folder, ignore_errors=True)
    write(folder)
    print(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
