"""A small course to break."""

import re
import shutil
from pathlib import Path

import pytest

from lessons.loader import BUNDLED
from lessons.validation.ids import FILE as IDS


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Our own course with its first lesson alone, which holds something of everything and is checked in a moment."""
    root = Path(shutil.copytree(BUNDLED, tmp_path / "tracks", ignore=_others))
    track, ids = root / "lora" / "track.toml", root / IDS
    track.write_text(re.sub(r"lessons = \[.*?\]", 'lessons = ["why-lora"]', track.read_text(), flags=re.DOTALL))
    kept = [line for line in ids.read_text().splitlines() if line.startswith(("#", "lora/why-lora"))]
    ids.write_text("\n".join(kept) + "\n")
    return root


def _others(folder: str, names: list[str]) -> list[str]:
    """The other lessons, and the figures that only they quote."""
    if Path(folder).name == "figures":
        return [name for name in names if name != "spectrum.json"]
    return [name for name in names if Path(folder).name == "lora" and name not in ("why-lora", "track.toml")]
