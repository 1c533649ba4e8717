"""What the benches share: the command line in a home of its own, and random models of several shapes."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from lab.events.schema import iteration_of
from lab.models.find import BUNDLED
from lab.preflight import prepare
from lab.runs.directory import Run, Runs
from lab.runs.launch import start
from lab.runs.stop import request_stop

ROOT = Path(__file__).parent.parent
FIGURES = ROOT / "lessons" / "tracks" / "figures"
"""Measurements that lessons quote (docs/authoring.md)."""
LLAMA = {"model_type": "llama", "architectures": ["LlamaForCausalLM"], "rms_norm_eps": 1e-5, "rope_theta": 10000.0,
         "max_position_embeddings": 2048, "torch_dtype": "float32", "eos_token_id": 0}  # fmt: skip


def _config(hidden: int, inner: int, blocks: int, heads: int, kv: int, vocab: int, **more: Any) -> dict[str, Any]:
    return LLAMA | {"hidden_size": hidden, "intermediate_size": inner, "num_hidden_layers": blocks,
                    "num_attention_heads": heads, "num_key_value_heads": kv, "vocab_size": vocab,
                    "tie_word_embeddings": True, **more}  # fmt: skip


MODELS = {
    "wide": _config(512, 1536, 8, 8, 4, 1024),
    "half": _config(512, 1536, 8, 8, 4, 1024, torch_dtype="bfloat16"),
    "words": _config(256, 1024, 4, 8, 2, 8192, tie_word_embeddings=False),
    "deep": _config(320, 832, 14, 5, 5, 2048),
    "mistral": _config(256, 768, 6, 4, 2, 4096, model_type="mistral", architectures=["MistralForCausalLM"]),
    "tall": _config(640, 1792, 10, 10, 2, 6000),
    "qwen3": _config(256, 768, 6, 4, 2, 4096, model_type="qwen3", architectures=["Qwen3ForCausalLM"], head_dim=96),
}
"""Random models: the 26 M-parameter one of the issue, the same in 16 bits, one of many words, one of many blocks, one
whose rows are padded on a CPU too, one of 50 M, and one of another family."""


def environment(home: Path) -> dict[str, str]:
    """The environment in which `python -m tui` works in `home`."""
    return {**os.environ, "LOWRANK_HOME": str(home), "PYTHONPATH": str(ROOT)}


def lowrank(home: Path, *words: str) -> dict[str, Any]:
    """The last JSON line of a command; the bench ends with the command's own words if it failed."""
    command = [sys.executable, "-m", "tui", *words]
    done = subprocess.run(command, env=environment(home), capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"lowrank {' '.join(words)}: {done.stderr.strip()}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def write_figure(command: str, name: str, runs: list[dict[str, Any]], out: Path = FIGURES) -> None:
    """Write runs as the figure of that name, which `command` makes again."""
    made = {"made_by": f"python -m {command}", "mlx_lm": version("mlx-lm"), "runs": runs}
    out.mkdir(parents=True, exist_ok=True)
    text = json.dumps(made, separators=(",", ":"), allow_nan=False)
    (out / f"{name}.json").write_text(f"{text}\n", encoding="utf-8")
    print(f"{name}: written")


def model(work: Path, name: str) -> str:
    """The bundled name, or the folder of a random model below `work`, made if it is not there yet."""
    if name not in MODELS:
        return name
    folder = work / name
    if not (folder / "config.json").exists():
        make_model(MODELS[name], folder)
    return str(folder)


def make_model(config: dict[str, Any], folder: Path) -> None:
    """A random model of this configuration with `sprout`'s tokenizer, as mlx-lm stores it."""
    code = (
        "import json, sys, mlx.core as mx; from pathlib import Path; from mlx.utils import tree_flatten;"
        "from lab.engine.probe import build; config = json.loads(sys.argv[1]); folder = Path(sys.argv[2]);"
        "dtype = getattr(mx, config['torch_dtype']);"
        "weights = {k: v.astype(dtype) for k, v in tree_flatten(build(config).parameters())};"
        "mx.save_safetensors(str(folder / 'model.safetensors'), weights, metadata={'format': 'mlx'})"
    )
    with tempfile.TemporaryDirectory(dir=folder.parent) as work:
        subprocess.run([sys.executable, "-c", code, json.dumps(config), work], check=True)
        for name in ("tokenizer.json", "tokenizer_config.json"):
            shutil.copy(BUNDLED / "sprout" / name, work)
        (Path(work) / "config.json").write_text(json.dumps(config))
        shutil.copytree(work, folder)


@contextmanager
def training(home: Path, enough: int, **fields: object) -> Iterator[Run]:
    """A run that trains at full load, from its iteration `enough` on; it is stopped at the end."""
    run = prepare(fields, Runs(home / "runs"), home / "cache")
    start(run, home / "cache", now=True)
    try:
        while iteration_of(run.last_event()) < enough:
            time.sleep(1)
        yield run
    finally:
        engine = run.process()
        request_stop(run)
        if engine is not None:
            engine.wait(60)
