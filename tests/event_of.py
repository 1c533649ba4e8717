"""Events for tests, which need not tell all that the engine's do."""

from typing import Any

from lab.events.schema import Event, from_object


def event_of(kind: str, **fields: Any) -> Any:
    """An event that says just this; what it leaves out is not written either."""
    return from_object({"event": kind, **fields})


def kind_of(event: Event | None) -> str:
    """Its kind; "" where there is none."""
    return "" if event is None else event.kind
