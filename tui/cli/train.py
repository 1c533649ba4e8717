"""`lowrank train`, `resume` and `stop`."""

import shutil
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from typer import Option

from lab import launch, outputs
from lab.errors import LabError
from lab.paths import absolute, shown
from lab.planning import learning_rate
from lab.planning.warnings import of_schedule
from lab.runs.crash_recovery import settle
from lab.runs.directory import Run
from lab.runs.outcome import all_events, outcome
from lab.runs.state import TERMINAL, RunState
from lab.runs.stop_escalation import Stage, asked_since, hasten
from lab.spec import RunSpec
from tui.cli.common import RunName, cache, megabytes, note, runs, say, write
from tui.cli.hub_fetch import fetch_named, tell_unvalidated
from tui.cli.spec_flags import spec_flags
from tui.home import home

WIDTH = 62  # cells of an answer that is shown in passing
COPY = "--adapter-path"
STAGES = {
    "told": "has not stopped in {seconds:.0f} s: told to leave at once; what it saved last is kept",
    "killed": "does not answer: killed; what it saved last is kept",
}
POLL = 0.1  # seconds between looks at a run's events
PATIENCE, AGAIN = 1.0, 10.0  # seconds after which `stop` says what it waits for, and says it again

AdapterPath = Annotated[
    Path | None,
    Option(parser=absolute, metavar="PATH", help="Also copy the finished adapter here, over one copied before."),
]
Now = Annotated[bool, Option("--now", help="Train at once, beside a run that is training, instead of after it.")]
Detach = Annotated[bool, Option("--detach", help="Start the run, print its id, and return at once.")]
Json = Annotated[bool, Option("--json", help="Print the run's events, the result last, one JSON object a line.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("train")(train)
    app.command("resume")(resume)
    app.command("stop")(stop)


@spec_flags
def train(
    fields: dict[str, Any],
    adapter_path: AdapterPath = None,
    now: Now = False,
    detach: Detach = False,
    as_json: Json = False,
) -> int:
    """Train an adapter, or the whole model, in a process of its own; Ctrl-C stops it and keeps what it has."""
    _check_copy(adapter_path, detach, fields)
    RunSpec.make(fields)  # what is typed wrong is said before anything is fetched
    fetch_named(fields)
    run = launch.prepare(fields, runs(), cache())
    if not as_json:
        tell_unvalidated(run.spec.data)
        _tell_of(run.spec, fields)
    launch.start(run, cache(), now=now)
    return _attend(run, detach, as_json, adapter_path)


def _tell_of(spec: RunSpec, fields: dict[str, Any]) -> None:
    """What is worth knowing of a run before it starts: a rate that nobody gave, and a schedule that does not fit."""
    if "learning_rate" not in fields and spec.learning_rate == learning_rate.starting_rate(spec):
        note(f"learning rate {spec.learning_rate:g}, since none was given: {learning_rate.origin(spec)}")
    for warning in of_schedule(spec):
        note(f"! {warning}")


def resume(
    run: RunName,
    adapter_path: AdapterPath = None,
    now: Now = False,
    detach: Detach = False,
    as_json: Json = False,
) -> int:
    """Go on with a run that failed, was stopped or was killed, from its last checkpoint, as if nothing had happened."""
    found = runs().get(run)
    _check_copy(adapter_path, detach, found.spec.model_dump())
    settle(found)
    heard = sum(1 for _ in all_events(found))
    launch.start(found, cache(), now=now)
    return _attend(found, detach, as_json, adapter_path, heard)


def _check_copy(adapter_path: Path | None, detach: bool, fields: dict[str, Any]) -> None:
    """Raise LabError, before anything is trained, unless the adapter can be copied there when it is."""
    if adapter_path is None:
        return
    if detach:
        raise LabError("is copied to by this command when the run has ended, which --detach does not wait for",
                       where=COPY, remedy="leave one of the two out", usage=True)  # fmt: skip
    outputs.check_folder(adapter_path, COPY, replace=True, keep=_needed(fields))


def _needed(fields: dict[str, Any]) -> list[Path]:
    """What no copy may lie on: what is ours, and the base and the data of a run."""
    named = (Path(fields[name]).expanduser() for name in ("model", "data") if fields.get(name))
    return [runs().root, cache(), home() / "progress", *(path for path in named if path.is_dir())]


def _attend(run: Run, detach: bool, as_json: bool, adapter_path: Path | None, heard: int = 0) -> int:
    """See a run that was just started to its end, unless `detach`; returns the exit code."""
    if detach:
        say({"event": "launched", "run": run.id, "run_dir": str(run.path)}) if as_json else write(run.id)
        return 0
    if not as_json:
        note(f"run {run.id}  (it goes on if this terminal closes; `lowrank stop {run.id}` ends it)")
    last = follow(run, as_json, heard)
    if last is None:
        note(f"run {run.id} is left to itself; `lowrank runs` shows it, `lowrank stop {run.id}` ends it")
        return 130
    if adapter_path and RunState(last["event"]).keeps_adapter:
        with outputs.in_place_of(adapter_path, COPY, replace=True, keep=_needed(run.spec.model_dump())) as new:
            shutil.copytree(run.adapters, new)
    if last["event"] == "failed":
        error = last.get("error") or {}
        raise LabError(str(error.get("what")), where=str(error.get("where", "")), remedy=str(error.get("remedy", "")))
    return 0


def follow(run: Run, as_json: bool, heard: int = 0) -> dict[str, Any] | None:
    """Print a run's events after the first `heard` until its last word, which is returned with all its keys.

    The first Ctrl-C asks the run to stop, the second leaves it: None.
    """
    try:
        return _follow(run, as_json, heard)
    except KeyboardInterrupt:
        return None


def _follow(run: Run, as_json: bool, heard: int) -> dict[str, Any]:
    offset, asked = 0, False
    said: Stage = "asked"
    while True:
        try:
            alive = run.lives()
            said = _tell_stage(run, said) if asked else said
            events, offset = run.events(offset)
            for event in events[heard:]:
                if event.get("event") in TERMINAL:
                    return _told(outcome(run) | event, as_json)
                say(event) if as_json else _tell(event)
            heard = max(0, heard - len(events))
            if not alive and not events:
                settle(run)
                return _told(_without_event(run), as_json)
            time.sleep(POLL)
        except KeyboardInterrupt:
            if asked:
                raise
            asked = True
            run.stop()
            note("stopping at the next step; what is learned so far is kept (Ctrl-C again: leave it to itself)")


def _tell_stage(run: Run, before: Stage) -> Stage:
    """Do what is due to a run that was asked to stop, and say what is new of that."""
    stage = hasten(run) or before
    if stage != before:
        note(f"{run.id} {STAGES[stage].format(seconds=asked_since(run))}")
    return stage


def _told(last: dict[str, Any], as_json: bool) -> dict[str, Any]:
    say(last) if as_json else _tell(last)
    return last


def _without_event(run: Run) -> dict[str, Any]:
    """The last word of a run whose engine is gone, which somebody else may have said."""
    last = outcome(run)
    if last["event"] in TERMINAL:
        return last
    error = {"what": "the engine ended without a last word", "where": str(run.path / "log.txt"),
             "remedy": "read the end of that file"}  # fmt: skip
    return last | {"event": "failed", "error": error}


def _tell(event: dict[str, Any]) -> None:
    e = event
    match e.get("event"):
        case "stage" if e["stage"] == "waiting":
            write(f"waiting for {e['behind']}, {e['position']} in front (--now trains beside it)")
        case "started":
            share = e["trainable_parameters"] / max(1, e["total_parameters"])
            write(f"{e['method']} of {shown(e['model'])} on {shown(e['data'])} ({e['device']}, {e['blas']})")
            write(f"{e['trainable_parameters']:,} of {e['total_parameters']:,} parameters train ({share:.2%})")
        case "resumed":
            write(f"goes on after iteration {e['iteration']}")
        case "train":
            speed = f"{e['tokens_per_second']:>7,.0f} tok/s  {e['remaining_seconds']:>5.0f} s left"
            memory = f"peak {megabytes(e['peak_memory_bytes'])}"
            write(f"it {e['iteration']:>6}  train {_loss(e['train_loss'])}  {speed}  {memory}")
        case "validation":
            worse = "  worse than untrained" if e.get("worse") else ""
            best = worse or ("  best so far" if e["best"] else "")
            write(f"it {e['iteration']:>6}  val   {_loss(e['val_loss'])}{best}")
        case "test":
            perplexity = "not a number" if e["perplexity"] is None else f"{e['perplexity']:.3f}"
            write(
                f"it {e['iteration']:>6}  test  {_loss(e['test_loss'])}  perplexity {perplexity}  ({e['rows']:,} rows)"
            )
        case "samples" if e["answers"]:
            said = " ".join(e["answers"][0]["text"].split())
            write(f"it {e['iteration']:>6}  says  {said if len(said) <= WIDTH else said[: WIDTH - 1] + '…'}")
        case "finished" | "stopped":
            verdict = e.get("verdict") or {}
            early = ", since validation got no better" if verdict.get("kind") == "patience" else ""
            write(f"{e['event']} after {e['iterations']} iterations in {e['seconds'] or 0:.0f} s{early}")
            if verdict.get("what"):
                write(f"! {verdict['what']}")
            if e["adapter_bytes"]:
                write(f"adapter {megabytes(e['adapter_bytes'])} in {shown(e['run_dir'])}/adapters")


def _loss(value: float | None) -> str:
    return "not a number" if value is None else f"{value:.3f}"


def stop(run: RunName, as_json: Annotated[bool, Option("--json", help="One JSON object.")] = False) -> int:
    """Stop a run at its next step and keep its adapter; one that waits for its turn is stopped too."""
    found = runs().get(run)
    if not found.stop():
        raise LabError(f"is not running ({settle(found)})", where=found.id, remedy="`lowrank runs` lists every run")
    began = said = time.monotonic()
    stage: Stage = "asked"
    while found.lives() and not found.result():
        time.sleep(POLL)
        stage = _tell_stage(found, stage)
        if stage == "asked" and (moment := time.monotonic()) - said > (PATIENCE if said == began else AGAIN):
            said = moment
            note(f"{found.id} ends the step it is in and saves ({moment - began:.0f} s)")
    state = settle(found)
    say({"run": found.id, "state": state}) if as_json else write(f"{found.id} {state}")
    return 0
