"""Text that others wrote, made safe to show, and the references it may hold."""

import re
from collections.abc import Mapping

_ESCAPES = re.compile(
    r"(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"
    r"|\x1b[ -/]*[0-~]?"
)
_LINE_ENDS = re.compile(r"\r\n?|[\u2028\u2029\x85]")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
_REFERENCE = re.compile(r"\{\{([a-z][a-z0-9_]*)\}\}")
BLOCK_REFERENCE = re.compile(r"\{\{(code|diagram|bars|chart):([a-z0-9-]+)\}\}")

FEEDBACK_NAMES = frozenset({"predicted", "truth", "difference", "times"})
"""Names that only a grader can fill in."""


def clean(text: str) -> str:
    """`text` without terminal escapes, control and direction characters; tabs become spaces."""
    text = _LINE_ENDS.sub("\n", text)
    text = _ESCAPES.sub("", text)
    return _CONTROLS.sub("", text.expandtabs(4))


def fill(text: str, values: Mapping[str, str], keep: frozenset[str] = frozenset()) -> str:
    """`text` with every {{name}} replaced; names in `keep` stay; KeyError for a name that is in neither."""

    def value(match: re.Match[str]) -> str:
        return match[0] if match[1] in keep else values[match[1]]

    return _REFERENCE.sub(value, text)
