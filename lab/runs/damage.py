"""What is wrong with the files of a run directory, which anything may have written or cut off."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from foreign import Refused, opened, read_object
from lab.errors import LabError
from lab.runs.directory import Run

TEXTS = ("log.txt", "events.jsonl", "talk.jsonl")
OBJECTS = ("result.json", "about.json", "evaluation.json", "votes.json", "state/process.json")
REMEDY = "restore that file, or delete the run"
LOCKS = ("state/engine.lock", "state/launch.lock", "state/stop")
FOLDERS = ("adapters", "state")


def damage(run: Run) -> str:
    """The first thing that is wrong with a run's files, as "name: what"; "" where all can be read. A file that is not
    there is not wrong, but for the specification, nor is what a newer program may have written into one."""
    try:
        run.spec  # noqa: B018
    except LabError as error:
        return str(error).removeprefix(f"{run.path}/")
    except Exception as error:
        return f"spec.yaml: cannot be read ({type(error).__name__}: {error})"
    for name in FOLDERS:
        if os.path.lexists(run.path / name) and not (run.path / name).is_dir():
            return f"{name}: is not a folder"
    for name in (*TEXTS, *OBJECTS, *LOCKS):
        try:
            _look(run.path / name, name in OBJECTS)
        except FileNotFoundError:
            continue
        except OSError as error:
            return f"{name}: cannot be read ({error.strerror})"
        except Refused as error:
            return f"{name}: {error}"
    return ""


@contextmanager
def fenced(run: Run) -> Iterator[None]:
    """Whatever the files of one run make fail becomes a LabError that names it, so that it ends nothing else."""
    try:
        yield
    except LabError:
        raise
    except OSError as error:
        where = str(error.filename or run.path)
        raise LabError(f"cannot be read ({error.strerror or error})", where=where, remedy=REMEDY) from error
    except Exception as error:  # no reader can foresee all that may stand in a file
        what = damage(run) or f"{type(error).__name__}: {error}"
        raise LabError(f"its folder is damaged ({what})", where=run.id, remedy=REMEDY) from error


def _look(path: Path, whole: bool) -> None:
    if whole:
        read_object(path)
    else:
        with opened(path):
            pass
