"""All that the view Chat shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tui.views.chat.exchange import Exchange, Question, Settings
from tui.views.chat.run_source import RunSource


@dataclass
class Scene:
    """`state` and its values are words about the engine, and `note` says what went wrong.

    `scoring` is how far measuring is, None while nothing is measured.
    """

    subject: RunSource
    settings: Settings = field(default_factory=Settings)
    blind: bool = False
    question: Question = field(default_factory=Question)
    exchange: Exchange | None = None
    state: str = "chat.asleep"
    values: Mapping[str, object] = field(default_factory=dict)
    scoring: Mapping[str, Any] | None = None
    note: str = ""
