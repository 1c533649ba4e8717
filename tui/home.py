"""Where everything the learner makes lives."""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Folders:
    """Where the program keeps what is its own: `home`, its runs, and what can be made again."""

    home: Path
    runs: Path
    cache: Path


def home() -> Path:
    """$LOWRANK_HOME, or this system's user data directory, as an absolute path; nothing is created."""
    chosen = os.environ.get("LOWRANK_HOME", "")
    if chosen:
        return Path(chosen).expanduser().absolute()
    import platformdirs

    return Path(platformdirs.user_data_dir("lowrank", appauthor=False))
