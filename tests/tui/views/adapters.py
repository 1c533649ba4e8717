"""Adapters as the engine leaves them, with figures that are the same on every machine."""

import json
import math
from pathlib import Path
from typing import Any

from lab.models.parameters import linear_layers
from lab.runs import inspection_cache
from lab.runs.directory import Run


async def still(pilot: Any) -> None:
    """Take away what depends on the machine: on a slow one, the first section is read meanwhile."""
    for name in ("TopBar", "Toast"):
        pilot.app.screen.query_one(name).visible = False
    await pilot.pause()


SHAPE = {"hidden": 192, "q_dim": 192, "kv_dim": 192, "intermediate": 512}


def write_adapter(run: Run, rank: int = 8, blocks: int = 6, extra: str = "") -> Path:
    """A safetensors file of zeros with a LoRA adapter's header, and the smaller files beside it."""
    tensors: dict[str, Any] = {}
    offset = 0
    layers = [f"model.layers.{block}.{name}" for block in range(blocks) for name in linear_layers(SHAPE)]
    for layer in [*layers, *([extra] if extra else [])]:
        inputs, outputs = linear_layers(SHAPE).get(".".join(layer.split(".")[3:]), (8, 8))
        for part, shape in (("lora_a", [inputs, rank]), ("lora_b", [rank, outputs])):
            size = 4 * math.prod(shape)
            tensors[f"{layer}.{part}"] = {"dtype": "F32", "shape": shape, "data_offsets": [offset, offset + size]}
            offset += size
    header = json.dumps(tensors).encode()
    file = run.adapters / "adapters.safetensors"
    content = len(header).to_bytes(8, "little") + header + bytes(offset)
    for path in (file, run.adapters / "0000010_adapters.safetensors", run.adapters / "best" / file.name):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    (run.adapters / "adapter_config.json").write_text("{}".ljust(1300))
    event = {"event": "started", "method": "LoRA", "base_bytes": 11_413_248, "total_parameters": 2_853_312}
    (run.path / "events.jsonl").write_text(json.dumps(event) + "\n")
    (run.path / "result.json").write_text(json.dumps({"event": "finished"}))
    return file


def write_inspection(run: Run, file: Path, rank: int = 8) -> None:
    """What inspecting would have kept, from a formula."""
    rows = []
    for block in range(6):
        for number, (name, (inputs, outputs)) in enumerate(linear_layers(SHAPE).items()):
            values = [(5 + block) / (at + 1) ** (0.3 + number / 20) for at in range(rank)]
            norm = math.sqrt(sum(value * value for value in values))
            rows.append({"layer": f"model.layers.{block}.{name}", "shape": [outputs, inputs], "norm": norm,
                         "relative_norm": norm / 80, "effective_rank": rank - 0.5 - number / 4, "rank_90": rank - 2,
                         "rank_99": rank, "energy_in_rank": 1.0, "largest_possible_rank": rank,
                         "random_effective_rank": None, "random_rank_90": None, "singular_values": values})  # fmt: skip
    names = ("effective_rank", "rank_90", "rank_99", "energy_in_rank", "largest_possible_rank")
    summary = {"layers": len(rows), "norm": 30.0, "relative_norm": 0.21, "random_effective_rank": None,
               "random_rank_90": None, **{name: rows[3][name] for name in names}}  # fmt: skip
    answer = {"run": run.id, "checkpoint": "last", "method": "LoRA", "rank": rank, "layers": rows,
              "summary": summary}  # fmt: skip
    inspection_cache.write(run, "inspect", file, inspection_cache.stamp(file), inspection_cache.brief(answer))


def write_fidelity(run: Run, file: Path) -> None:
    """What measuring the ways of fusing would have kept, of a quantized base and a faint adapter's neighbour."""
    ways = [("quantized", 1_791_744, 0.0062, 0.981, 0.945), ("dequantized", 11_413_248, 3e-13, 1.0, 0.96),
            ("separate", 2_500_770, 0.0, 1.0, 0.96)]  # fmt: skip
    table = {
        "run": run.id, "checkpoint": "last", "exact_match_adapter": 0.96, "recommended": "separate",
        "adapter_effect": 0.09, "verdict": "", "split": "test", "rows": 200, "tokens": 3412, "questions": 200,
        "question": "Table cities with columns name, area. How many cities are there?",
        "ways": [{"way": name, "bytes": size, "kl": kl, "top1_agreement": top, "exact_match": right, "faults": []}
                 for name, size, kl, top, right in ways],
    }  # fmt: skip
    inspection_cache.write(run, "fuse", file, inspection_cache.stamp(file), table)
