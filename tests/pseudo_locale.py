"""A third language to test with: English, 40 % longer, with accents and a bracket at both ends.

`python -m tests.pseudo_locale FOLDER` writes it into FOLDER as qps.po. A text whose closing bracket is missing on the
screen is cut off there; a text without brackets is not in the catalogue.
"""

import re
import sys
from math import ceil
from pathlib import Path

import polib

LANG = "qps"
SOURCE = Path(__file__).parents[1] / "i18n" / "en.po"
GROWTH = 0.4
_KEPT = re.compile(r"(\{[^}]*\}|⟪[^⟫]*⟫|⟨[^⟩]*⟩|`[^`]*`|\[[^\]]*\])")
_ACCENTS = str.maketrans("aceinouyACEINOUY", "åçéîñöûýÅÇÉÎÑÖÛÝ")


def longer(text: str) -> str:
    """The text with accents, 40 % more letters and brackets; {names}, ⟪actions⟫, `code` and markup stay."""
    parts = _KEPT.split(text)
    letters = sum(len(part) for part in parts[::2])
    grown = "".join(part.translate(_ACCENTS) if number % 2 == 0 else part for number, part in enumerate(parts))
    tail = "~" * max(0, ceil(GROWTH * letters) - 2)
    return f"⟦{grown}{tail}⟧"


def write(folder: Path) -> Path:
    """The catalogue of the pseudo-locale in `folder`; returns its file."""
    catalogue = polib.pofile(str(SOURCE), encoding="utf-8")
    catalogue.metadata["Language"] = LANG
    for entry in catalogue:
        if entry.msgid_plural:
            entry.msgstr_plural = {form: longer(text) for form, text in entry.msgstr_plural.items()}
        else:
            entry.msgstr = longer(entry.msgstr)
    path = folder / f"{LANG}.po"
    catalogue.save(str(path))
    return path


if __name__ == "__main__":
    print(write(Path(sys.argv[1])))
