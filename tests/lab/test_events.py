"""The schema of the events, against its documentation and against what real runs write."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from event_of import event_of

from lab.events import schema as events
from lab.runs.directory import Run
from lab.runs.outcome import KEYS, curve, in_force

WORDS = {str: "text", bool: "true or false", list: "list", dict: "object", int: "integer", float: "number"}
PAGE = Path(__file__).parents[2] / "docs/events.md"


def documented() -> dict[str, dict[str, str]]:
    """Of each event in docs/events.md, the type of each field."""
    found: dict[str, dict[str, str]] = {}
    for part in re.split(r"^## ", PAGE.read_text(encoding="utf-8"), flags=re.M)[1:]:
        names = re.findall(r"`(\w+)`", part.splitlines()[0]) or [part.splitlines()[0]]
        rows = re.findall(r"^\| `([\w.\[\]]+)` \| ([^|]+) \|", part, flags=re.M)
        found |= {name: dict(rows) for name in names}
    every = found.pop("Every event")
    del found["Rules for readers"]
    return {name: every | fields for name, fields in found.items()}


def defined(kind: type[Any], prefix: str = "") -> dict[str, str]:
    """The same of a class of the schema."""
    found: dict[str, str] = {"event": "text"} if issubclass(kind, events.Event) else {}
    for name, known in events.known_fields(kind).items():
        words = {"v": "1", "at": "time"}.get(name) or WORDS[known.types[0]]
        found[prefix + name] = words + ", null" * known.nullable + ", optional" * known.optional
        if known.part:
            found |= defined(known.part, f"{prefix}{name}{'[]' * (known.types == (list,))}.")
    return found


def test_the_page_names_every_event_and_field_that_the_code_has_and_no_other() -> None:
    told = documented()
    for kind in events.EVENTS:
        name = kind.kind
        page = told.pop(name)
        if name in ("finished", "stopped"):
            page = {field: kind for field, kind in page.items() if not field.startswith("error")}
        assert page == defined(kind), name
    assert not told
    kinds = re.search(r"\| `stage` \| text \| (.*) \|", PAGE.read_text(encoding="utf-8"))
    assert kinds is not None
    stages = events.known_fields(events.Stage)["stage"].choices
    assert re.findall(r"`(\w+)`", kinds[1]) == list(stages)


def test_every_event_of_real_runs_is_one_of_the_schema(trained: Callable[..., Any], desk: Any) -> None:
    small = ("--batch-size", "2", "--num-layers", "1", "--steps-per-report", "2", "--samples", "1", "--iters", "5")
    run, done = trained(*small, "--save-every", "2", "--sample-prompt", "How many birds are there?")
    for each in desk.runs.all():  # also those of the tests before: stopped, killed, resumed, queued
        file = each.path / "events.jsonl"  # not there where an engine was killed before its first word
        for line in file.read_bytes().splitlines() if file.exists() else ():
            events.check(line)
    kinds = [event.kind for event in run.events()[0]]
    assert {"stage", "started", "train", "validation", "samples", "saved", "finished"} == set(kinds) - {"heartbeat"}
    assert kinds[-1] == "finished" and [e["event"] for e in done.lines] == kinds
    assert {"event", "run", "run_dir", *KEYS} <= done.lines[-1].keys()
    assert run.result() is not None and run.result().to_json().items() <= done.lines[-1].items()
    assert [iteration for iteration, _ in curve(run)] == [2, 4, 5]


def test_what_is_not_an_event_is_refused() -> None:
    good = '{"v": 1, "at": "2026-11-23T06:00:00.000+00:00", "event": "resumed", "iteration": 3'
    events.check(good + "}")
    for bad in (', "more": 1}', "", ', "iteration": -1}', ', "iteration": "3"}', ', "v": 2}', ', "event": "rested"}'):
        with pytest.raises(ValueError):
            events.check(good + bad)


def test_a_resume_makes_void_what_was_said_of_later_iterations_and_the_last_word() -> None:
    def said(event: str, iteration: int = 0) -> events.Event:
        return event_of(event, iteration=iteration)

    before = [said("started"), said("validation"), *(said("train", i) for i in (1, 2, 3)), said("saved", 2)]
    after = [said("resumed", 2), said("train", 3), said("finished")]
    held = in_force([*before, said("failed"), said("stage"), *after])
    assert held == [e for e in before if e != said("train", 3)] + [said("stage")] + after


def test_a_torn_line_costs_no_other(tmp_path: Path) -> None:
    from lab.events.writer import EventLog

    EventLog(tmp_path).write(event_of("resumed", iteration=1))
    with (tmp_path / "events.jsonl").open("ab") as file:
        file.write(b'{"v": 1, "event": "tra')
    EventLog(tmp_path).write(event_of("resumed", iteration=2))
    assert [event.iteration for event in Run(tmp_path).events()[0]] == [1, 2]
