"""`lowrank plan`: what a run will need and what may go wrong with it, before it is started."""

import tempfile
from dataclasses import replace
from pathlib import Path
from textwrap import wrap
from typing import Annotated, Any

from typer import Option

from lab import preflight
from lab.datasets.find import find_data
from lab.errors import LabError
from lab.paths import shown
from lab.planning import calibration, learning_rate, machine, trial
from lab.planning.base_model import find_base
from lab.planning.duration import checkpoints, validations
from lab.planning.engine_answer import with_answer, with_trial
from lab.planning.plan import Inputs, Plan, gigabytes, make
from lab.planning.plan import as_json as fields_of
from lab.planning.row_lengths import guess
from lab.planning.warnings import Warning
from lab.runs.directory import Runs
from lab.spec import RunSpec
from lab.spec_paths import located
from tui.cli.common import Json, Status, cache, runs, say, write
from tui.cli.engine import ask
from tui.cli.hub_fetch import fetch_named
from tui.cli.spec_flags import spec_flags

WIDTH = 80
BAR = 20  # cells of the longest component's bar


@spec_flags
def plan(
    fields: dict[str, Any],
    memory: Annotated[str | None, Option(help="What may be taken, like 16GB (default: what is free here).")] = None,
    probe: Annotated[bool, Option("--probe/--no-probe", help="Time a few real iterations, if they fit.")] = True,
    adapter_path: Annotated[Path | None, Option(hidden=True, help="Where `train` would copy the adapter.")] = None,
    as_json: Json = False,
) -> int:
    """Say what a run will need (parameters, memory, time) and what may go wrong, before it is started."""
    limit = machine.parse_memory(memory) if memory else None
    inputs = look(fields, limit)
    chosen = learning_rate.is_open(fields, inputs.base.bundled)
    found = make(inputs)
    if probe and inputs.base.weights and found.fits and not any(w.refused for w in found.warnings):
        found = _probed(inputs, found)
    if as_json:
        say(
            fields_of(found)
            | {"learning_rate_source": learning_rate.origin(inputs.spec) if chosen else "given or our default"}
        )
    else:
        write(*describe(found, chosen))
    return 0


def look(fields: dict[str, Any], limit: int | None = None) -> Inputs:
    """Everything a plan of these fields needs but a trial; the engine is asked only for what needs it.

    `limit` is the bytes a run may take. Raises LabError if the spec, the base or the data is no good.
    """
    spec = RunSpec.make(fields)
    fetch_named(fields, model=False)
    spec = located(spec, cache())
    base = find_base(spec.model, cache(), spec.bits)
    data = find_data(spec.data)
    spec = learning_rate.with_rate(spec, fields, base.bundled)
    preflight.check_asked(spec, data, base.shape.get("blocks", 0))
    if spec.mask_prompt and not data.has_prompts:
        raise LabError(f"{shown(spec.data)} is plain text: there is no prompt to mask", where="--mask-prompt",
                       remedy="leave the flag out", usage=True)  # fmt: skip
    inputs = Inputs(spec, base, guess(data, spec), machine.guess())
    if base.weights or not base.exact or calibration.finished(runs()):
        inputs = _ask(inputs)
    if limit is not None:
        inputs = replace(inputs, machine=replace(inputs.machine, available=limit))
    return inputs


def _ask(inputs: Inputs) -> Inputs:
    """The same with what only the engine can tell."""
    spec, base = inputs.spec, inputs.base
    with tempfile.TemporaryDirectory(prefix="lowrank-plan-") as folder, Status() as status:
        run = Runs(Path(folder)).create(spec, model_path=base.source, data_path=spec.data)

        def progress(event: dict[str, Any]) -> None:
            status.show(f"probing: {event.get('stage', '')} {event.get('rows', '')}".rstrip())

        options = ["--runs", str(runs().root)]
        found = ask("plan", str(run.path), *options, log=cache() / "plan.log", progress=progress)
    return with_answer(inputs, found, runs(), cache())


def _probed(inputs: Inputs, found: Plan) -> Plan:
    """The plan with what a trial measured, or with a warning that says why there is none."""
    try:
        with Status() as status:
            measured = trial.run(inputs.spec, cache(), lambda what: status.show(f"probing: {what}"))
    except LabError as error:
        return replace(found, warnings=[*found.warnings, Warning("probe", error.what, error.remedy)])
    return make(with_trial(inputs, measured))


def describe(found: Plan, chosen: bool = False) -> list[str]:
    """The plan in lines for 80 cells; `chosen` if the learning rate is ours, for want of one."""
    spec, rows = found.spec, found.rows
    share = found.trainable / max(1, found.total)
    some = 0 < spec.num_layers < found.blocks
    where = f"{spec.num_layers} of {found.blocks} blocks" if some else f"all {found.blocks} blocks"
    lines = [
        f"{found.method} of {shown(spec.model)} on {shown(spec.data)}: "
        f"batch {spec.batch_size} × {rows.heaviest.length:.0f} tokens, {spec.iters:,} iterations",
        "",
        *(
            [f"rate        {spec.learning_rate:g}, since none was given: {learning_rate.origin(spec)}"]
            if chosen
            else []
        ),
        f"parameters  {found.trainable:,} of {found.total:,} train ({share:.2%}), in {where}",
        f"memory      about {gigabytes(found.peak)} at its peak, ± {found.uncertainty:.0%}: "
        f"{'fits' if found.fits else 'does not fit'} ({gigabytes(found.machine.available)} free)",
    ]
    top = max(found.memory.values())
    for name, size in found.memory.items():
        if size:
            lines.append(f"            {name:<12}{gigabytes(size):>8}  {'▇' * max(1, round(BAR * size / top))}")
    lines += [f"            {text}" for text in _sources(found)]
    lines += [f"time        {text}" if not i else f"            {text}" for i, text in enumerate(_time(found))]
    for warning in found.warnings:
        lines += ["", *wrap(f"! {warning}", WIDTH, subsequent_indent="  ", break_on_hyphens=False)]
    return lines


def _sources(found: Plan) -> list[str]:
    plain = f"estimate {found.source}"
    learned = f"; calibrated on {found.calibrated} run{'s' * (found.calibrated != 1)} here" if found.calibrated else ""
    if found.probe_peak:
        learned = f"; set right by the probe, which took {gigabytes(found.probe_peak)}"
    guessed = "" if found.rows.counted else "; row lengths guessed from bytes"
    whole = f"with every row of {found.spec.max_seq_length:,} tokens: {gigabytes(found.peak_at_window)}"
    return [*wrap(plain + learned + guessed, WIDTH - 12), whole]


def _time(found: Plan) -> list[str]:
    spec, timing, seconds = found.spec, found.timing, found.seconds
    if timing is None or seconds is None:
        return ["unknown: without its weights no iteration can be timed" if not found.base.weights
                else "unknown: not probed, and no finished run on this machine to go by"]  # fmt: skip
    looks, asks = validations(spec), checkpoints(spec) if timing.samples else 0
    covers = (f"start {timing.start:.1f} s + {spec.iters:,} iterations of {timing.step:.3g} s"
              f" + {looks} validations of {timing.validation:.1f} s")  # fmt: skip
    covers += f" + {asks} rounds of samples of {timing.samples:.1f} s" if asks else ""
    return [f"about {duration(seconds)}, by {timing.source}", *wrap(covers, WIDTH - 12)]


def duration(seconds: float) -> str:
    """Seconds as people say them."""
    minutes, hours = seconds / 60, seconds / 3600
    return f"{seconds:.0f} s" if minutes < 2 else f"{minutes:.0f} min" if hours < 2 else f"{hours:.1f} h"
