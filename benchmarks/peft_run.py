"""LoRA by PEFT on PyTorch, on a CPU in float32: `python benchmarks/peft_run.py JOB.json`; `speed.py` writes the job.

The model is built from the same config.json and weights, the rows are the same token ids, drawn eight at a time and
padded to the longest; logits are computed everywhere, as PEFT does. Needs torch and peft (`pip install .[bench]`).
"""

import json
import resource
import sys
import time
from pathlib import Path
from random import Random
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file
from transformers import LlamaConfig, LlamaForCausalLM


def main() -> None:
    """Train and print one JSON object: seconds of all steps but the first three, and their real tokens."""
    job: dict[str, Any] = json.loads(Path(sys.argv[1]).read_text())
    folder = Path(job["model"])
    model = LlamaForCausalLM(LlamaConfig(**json.loads((folder / "config.json").read_text()))).float()
    model.load_state_dict(load_file(folder / "model.safetensors"), strict=False)
    lora = LoraConfig(r=8, lora_alpha=160, target_modules="all-linear", use_dora=job["dora"])
    model = get_peft_model(model, lora).train()
    optimizer = torch.optim.Adam((p for p in model.parameters() if p.requires_grad), lr=2e-3, betas=(0.9, 0.95))
    rows, rng = job["rows"], Random(0)
    seconds, tokens, losses = 0.0, 0, []
    for step in range(job["steps"] + 3):
        batch = rng.sample(rows, 8)
        longest = max(len(ids) for ids, _ in batch)
        ids, targets = torch.zeros(8, longest, dtype=torch.long), torch.full((8, longest), -100)
        for i, (row, prompt) in enumerate(batch):
            ids[i, : len(row)] = torch.tensor(row)
            targets[i, prompt : len(row)] = ids[i, prompt : len(row)]
        began = time.perf_counter()
        logits = model(input_ids=ids[:, :-1]).logits
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets[:, 1:].flatten())
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
        if step >= 3:
            seconds += time.perf_counter() - began
            tokens += sum(len(row) for row, _ in batch)
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    print(json.dumps({"seconds": seconds, "tokens": tokens, "resident": resident, "last_loss": losses[-1]}))


if __name__ == "__main__":
    main()
