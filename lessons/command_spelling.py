"""Normalizes what is typed into the gap of a command, as a shell would read it."""

import re
import unicodedata

LONGEST = 200

_FOR_TWO = re.compile(r"(?<!\S)[-‐-―−]*[‐-―−][-‐-―−]*(?=\w)")
_DASHES = re.compile(r"[‐-―−]")
_JOINED = re.compile(r"(?<!\S)(--?[\w-]+)=")


def spelled(text: str) -> str:
    """One form for all that means the same: `--rank=8`, "—rank 8" and full-width letters are all --rank 8.

    Capitals, hyphens and underscores stay as they are, because to a command they are different.
    """
    text = unicodedata.normalize("NFKC", text[: LONGEST + 1])
    text = _DASHES.sub("-", _FOR_TWO.sub("--", text))
    text = " ".join(text.split())
    while len(text) > 1 and text[0] == text[-1] and text[0] in "`'\"":
        text = text[1:-1].strip()
    return _JOINED.sub(r"\1 ", text)
