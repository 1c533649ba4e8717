"""`lowrank fuse`: one model from base and adapter, after measuring what each way of making it would lose."""

from pathlib import Path
from typing import Annotated, Any

from typer import Option

from lab.errors import LabError
from lab.outputs import sweep
from lab.runs.fuse_options import check_target
from tui.cli.common import Checkpoint, Json, RunName, cache, megabytes, note, runs, say, write
from tui.cli.engine import run_job


def fuse(
    run: RunName,
    save_path: Annotated[Path | None, Option(help="Folder to make (default: `fused` in the run's).")] = None,
    way: Annotated[
        str, Option(help="quantized, dequantized, fused (of an unquantized base), separate, or auto: the recommended.")
    ] = "auto",
    checkpoint: Checkpoint = "last",
    rows: Annotated[int, Option(help="Held-out rows to measure on, at most.")] = 200,
    export_gguf: Annotated[bool, Option("--export-gguf", help="Write a GGUF file into the folder too.")] = False,
    force: Annotated[bool, Option("--force", help="Replace a folder that lowrank wrote.")] = False,
    as_json: Json = False,
) -> int:
    """Measure how faithful each way of fusing is to base + adapter, then save one as a folder for stock mlx-lm."""
    if rows < 1:
        raise LabError(f"must be at least 1 (got {rows})", where="--rows", usage=True)
    found = runs().get(run)
    folder = (save_path.expanduser() if save_path else found.path / "fused").absolute()
    options = ["--save-path", str(folder), f"--way={way}", f"--checkpoint={checkpoint}", "--rows", str(rows)]
    options += ["--export-gguf"] * export_gguf + ["--force"] * force
    check_target(found, cache(), folder, force)
    try:
        result = run_job(found, "fuse", *options)
    finally:
        sweep(folder.parent)  # what an engine that was ended had half made
    if as_json:
        say({key: value for key, value in result.items() if key != "event"})
    else:
        write(*describe(result))
    for warning in result["warnings"]:
        note(f"lowrank: {warning}")
    return 0


def describe(result: dict[str, Any]) -> list[str]:
    """The table of ways and the advice, in lines made for 80 cells; a sentence runs on, for the terminal to wrap."""
    effect = result["adapter_effect"]
    lines = [f"{'':<15}{'size':>9}{'KL, nats/token':>16}{'effect lost':>13}{'same token':>12}{'exact match':>13}"]
    for way in result["ways"]:
        lost = way["kl"] / effect if effect else 0.0
        share = f"{lost:.1%}" if lost <= 1 else ">100%"
        lines.append(f"{way['way']:<15}{megabytes(way['bytes']):>9}{way['kl']:>16.2g}{share:>13}"
                     f"{way['top1_agreement']:>12.1%}{_share(way['exact_match']):>13}")  # fmt: skip
    lines.append(f"{'base + adapter':<15}{'':>9}{'':>41}{_share(result['exact_match_adapter']):>13}")
    lines.append(f"{'base alone':<15}{'':>9}{effect:>16.2g}{'100.0%' if effect else '-':>13}")
    seen = f"on {result['rows']} rows of {result['split']}, {result['tokens']:,} supervised tokens"
    lines += [f"{seen}; KL is from base + adapter", "", f"Recommended: {result['verdict']}."]
    lines.append(f"Saved {result['way']}, {megabytes(result['bytes'])}, in {result['path']}")
    if result["way"] == "separate":
        lines.append("for mlx-lm: --model that folder, --adapter-path its adapters folder")
    return lines


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"
