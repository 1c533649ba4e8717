"""What the shell may complete a word to (`lowrank --install-completion`).

Names come from folders alone: nothing is parsed that somebody else wrote, so it is quick, and no damaged file can
break it. Shells put completions into commands, and zsh evaluates them, so a name with any other character is left out.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from lab.datasets.find import BUNDLED as BUNDLED_DATA
from lab.models.find import BUNDLED as BUNDLED_MODELS
from lab.models.find import PRESETS
from lab.runs.directory import TRASH
from tui.home import home

SAFE = frozenset("-_.~+@/")
"""Of a name, beside letters and digits."""


def run_ids(incomplete: str) -> list[str]:
    """Ids of runs, the newest first."""
    return ["last"] * "last".startswith(incomplete) + _fitting(incomplete, _names(home() / "runs", "*/spec.yaml"), True)


def deleted_ids(incomplete: str) -> list[str]:
    """Ids of runs in the trash, the newest first."""
    return _fitting(incomplete, _names(home() / "runs" / TRASH, "*/spec.yaml"), True)


def model_names(incomplete: str) -> list[str]:
    """Bundled models, and the presets that can be planned with; folders are the shell's own."""
    presets = (path.stem for path in PRESETS.glob("*.json"))
    return _fitting(incomplete, [*_names(BUNDLED_MODELS, "*/config.json"), *presets])


def data_names(incomplete: str) -> list[str]:
    """Bundled data sets; folders are the shell's own."""
    return _fitting(incomplete, _names(BUNDLED_DATA, "*/train.jsonl"))


def lesson_ids(incomplete: str) -> list[str]:
    """Lessons of the bundled course."""
    from lessons.loader import BUNDLED

    lessons = (path.parent for path in BUNDLED.glob("*/*/lesson.toml"))
    return _fitting(incomplete, (f"{lesson.parent.name}/{lesson.name}" for lesson in lessons))


def _names(folder: Path, pattern: str) -> Iterator[str]:
    """The folders below `folder` in which there is such a file."""
    try:
        yield from (path.parent.name for path in folder.glob(pattern) if not path.parent.name.startswith("."))
    except OSError:  # not there, or not to be read: then there is nothing to offer
        return


def _fitting(incomplete: str, names: Iterable[str], newest_first: bool = False) -> list[str]:
    found = (name for name in names if name.startswith(incomplete))
    return sorted({name for name in found if all(c.isalnum() or c in SAFE for c in name)}, reverse=newest_first)
