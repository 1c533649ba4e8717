"""Where everything the learner makes lives."""

import os
from pathlib import Path


def home() -> Path:
    """$LOWRANK_HOME, or this system's user data directory, as an absolute path; nothing is created."""
    chosen = os.environ.get("LOWRANK_HOME", "")
    if chosen:
        return Path(chosen).expanduser().absolute()
    import platformdirs

    return Path(platformdirs.user_data_dir("lowrank", appauthor=False))
