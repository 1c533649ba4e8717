"""Which run one talks with: what the bench needs of it, read in a thread."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui.views.chat.exchange import Question

if TYPE_CHECKING:
    from lab.runs.directory import Run
    from lab.runs.votes import Vote

MOST = 500
"""Held-out rows that are offered as questions."""


@dataclass
class RunSource:
    """A run as it was read; `plain` where its data is text to be continued, `kind` lora, dora or full."""

    run: Run
    method: str
    model: str
    data: str
    kind: str
    checkpoints: tuple[str, ...]
    ended: bool = False
    plain: bool = False
    split: str = ""
    questions: tuple[Question, ...] = ()
    history: list[Mapping[str, Any]] = field(default_factory=list)
    votes: list[Vote] = field(default_factory=list)
    scores: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    """Checkpoint → what `lowrank evaluate` found of it."""


def newest(root: Path) -> str:
    """The newest run that has an adapter, or nothing."""
    from lab.runs.adapters import checkpoints
    from lab.runs.directory import Runs

    return next((run.id for run in Runs(root).all() if checkpoints(run)), "")


def look(root: Path, name: str, cache: Path) -> RunSource:
    """Everything about a run. Raises LabError if there is none, or if its files cannot be read."""
    from lab.runs.damage import fenced
    from lab.runs.directory import Runs

    run = Runs(root).get(name)
    with fenced(run):
        return _of(run, cache)


def _of(run: Run, cache: Path) -> RunSource:
    from lab.runs import chat_history, votes
    from lab.runs.adapters import checkpoints
    from lab.runs.method import method_of

    spec = run.spec
    ended = run.state().ended  # looked at before the checkpoints, which come before the end
    subject = RunSource(run, method_of(run, cache), spec.model, spec.data, spec.fine_tune_type, checkpoints(run), ended)
    subject.history, subject.votes = list(chat_history.read(run)), votes.read(run)
    _questions(subject)
    for checkpoint in subject.checkpoints:
        read_score(subject, checkpoint)
    return subject


def read_score(subject: RunSource, checkpoint: str) -> None:
    """What is known of a checkpoint's score now."""
    from lab.runs import evaluation

    found = evaluation.read(subject.run, checkpoint, subject.split or "test")
    if found is not None:
        subject.scores[checkpoint] = found


def _questions(subject: RunSource) -> None:
    """Questions that training never saw; data that is gone or damaged leaves none."""
    from lab.datasets.find import format_of, read_rows
    from lab.errors import LabError
    from lab.runs.evaluation import split_file
    from lab.score import items

    for split in ("test", "valid", "train"):
        try:
            rows = list(itertools.islice(read_rows(split_file(subject.data, split)), MOST))
            held_out = [item for row in rows for item in items(row)] if split != "train" else []
        except (OSError, LabError, KeyError, TypeError, AttributeError):
            continue
        if rows:
            subject.plain = format_of(rows[0]) == "text"
        if held_out:
            subject.split = split
            subject.questions = tuple(
                Question(tuple(item.messages), item.text, item.expected, number)
                for number, item in enumerate(held_out, 1)
            )
        if rows:
            return
