"""`lowrank inspect`: what training changed in each layer, and in how many directions."""

from typing import Any

from tui.cli.common import Checkpoint, Json, RunName, runs, say, write
from tui.cli.engine import run_job
from tui.cli.histogram import spark

SPARK, STEPS = 24, 1000  # cells of a line of singular values, and how finely they are told apart


def inspect(run: RunName, checkpoint: Checkpoint = "last", as_json: Json = False) -> int:
    """Show the change of each adapted layer: norm, singular values, effective rank. A full run's takes longest."""
    result = run_job(runs().get(run), "inspect", f"--checkpoint={checkpoint}")
    if as_json:
        say({key: value for key, value in result.items() if key != "event"})
    else:
        write(*describe(result))
    return 0


def describe(result: dict[str, Any]) -> list[str]:
    """A line for each layer and a summary in sentences, in at most 80 cells."""
    lines = [f"{'layer':<18}{'|dW|':>8}{'/ |W|':>8}{'eff.rank':>9}{'k90':>5}{'k99':>5}  singular values"]
    for row in result["layers"]:
        top = max(row["singular_values"], default=0.0) or 1.0
        bins = [{"rows": round(STEPS * value / top)} for value in row["singular_values"]]
        size = f"{_short(row['layer']):<18}{row['norm']:>8.3g}{row['relative_norm']:>8.2%}"
        ranks = f"{row['effective_rank']:>9.1f}{row['rank_90']:>5}{row['rank_99']:>5}"
        lines.append(f"{size}{ranks}  {spark(bins, SPARK)}")
    s = result["summary"]
    lines += [
        "",
        f"{result['method']}, {s['layers']} layers: |dW| is {s['relative_norm']:.2%} of |W| in all (Frobenius norms)",
        f"middle layer: effective rank {s['effective_rank']:.1f} of at most {s['largest_possible_rank']:g}; 90 % of the"
        f" energy in {s['rank_90']:g}",
        f"directions, 99 % in {s['rank_99']:g}; the {result['rank']} largest hold {s['energy_in_rank']:.1%}",
    ]
    if s["random_effective_rank"] is not None:
        lines.append(f"noise of the same shape would have effective rank {s['random_effective_rank']:.1f} and"
                     f" 90 % in {s['random_rank_90']:g}")  # fmt: skip
    lines.append("k90, k99: directions that hold 90 and 99 % of the energy (squared values)")
    return lines


def _short(layer: str) -> str:
    words = [word for word in layer.removeprefix("model.").removeprefix("layers.").split(".") if word != "self_attn"]
    name = " ".join(word for word in words if word != "mlp")
    return name if len(name) <= 17 else f"…{name[-16:]}"
