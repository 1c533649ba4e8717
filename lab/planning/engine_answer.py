"""What a plan gains from the engine's answer (`lab.engine.probe.look`), and from a trial."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from lab.errors import LabError
from lab.planning import calibration, machine, trial
from lab.planning.base_model import with_config
from lab.planning.duration import work
from lab.planning.plan import Inputs, step_of
from lab.planning.row_lengths import counted
from lab.runs.directory import Runs


def with_answer(inputs: Inputs, found: Mapping[str, Any], runs: Runs, cache: Path) -> Inputs:
    """The same with the machine, the rows, the counts and the finished runs that the engine looked at."""
    here, counts, base = machine.told(found["machine"]), found["counts"], inputs.base
    lessons = []
    for name, of in found["past"].items():
        try:
            lessons.append(calibration.past(runs.get(name), counted(of), here, cache))
        except LabError:  # the run was removed meanwhile
            continue
    return replace(
        inputs,
        base=base if base.config else with_config(base, found["config"], found["weights"]),
        machine=here,
        rows=counted(found["rows"]) if found["rows"] else inputs.rows,
        counts=(counts["trainable_parameters"], counts["total_parameters"]) if counts else None,
        shape=counts["shape"] if counts else None,
        pasts=[past for past in lessons if past],
    )


def with_trial(inputs: Inputs, measured: trial.Trial) -> Inputs:
    """The same with the times and the peak that a trial of this very spec measured."""
    rows = inputs.rows
    scale = work(step_of(inputs, rows.mean)) / work(step_of(inputs, rows.timed))
    return replace(inputs, timing=trial.timing(inputs.spec, rows, measured, scale), probe_peak=measured.peak)
