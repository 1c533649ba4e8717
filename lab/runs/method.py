"""What the method of a run is called, whoever shows it."""

from pathlib import Path

from lab.errors import LabError
from lab.methods import method_name
from lab.models.find import find_model
from lab.runs.directory import Run


def method_of(run: Run, cache: Path) -> str:
    """By what its engine said, or before it did by its spec and base, also of a base that is no longer there.

    "" if its spec cannot be read.
    """
    started = run.started()
    if started and started.method:
        return started.method
    try:
        spec = run.spec
    except LabError:
        return ""
    try:
        return spec.method(find_model(spec.model, cache, spec.bits))
    except LabError:
        return method_name(spec.fine_tune_type, spec.bits)
