"""Stock `mlx_lm lora` on a spec, in this process: `python -m benchmarks.stock_run SPEC [FLAGS…]`; `speed.py` starts it.

Nothing of it is changed but the two lines of its screen that report, which speak JSON here: seconds of training alone
are its own supervised tokens over its own tokens a second.
"""

import json
import sys
import time
from typing import Any

import mlx.core as mx
from mlx_lm import lora
from mlx_lm.cli_ui import TrainUI

BEGAN = time.perf_counter()


def say(**fields: Any) -> None:
    """One line for benchmarks.speed."""
    print(json.dumps({"at": time.perf_counter() - BEGAN, **fields}), flush=True)


def main() -> None:
    """Train as the command would, and tell MLX's peak memory at the end."""
    counted = [0]

    def train(_: Any, it: int, loss: float, tokens_sec: float, trained: int) -> None:
        say(event="train", iteration=it, loss=loss, seconds=(trained - counted[0]) / tokens_sec)
        counted[0] = trained

    def validation(_: Any, it: int, loss: float, __: float) -> None:
        say(event="validation", iteration=it, loss=loss)

    TrainUI.report_train, TrainUI.report_val = train, validation
    sys.argv = ["mlx_lm.lora", "-c", *sys.argv[1:]]
    lora.main()
    say(event="finished", peak_memory=mx.get_peak_memory())


if __name__ == "__main__":
    main()
