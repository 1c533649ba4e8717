"""How far quantization moves the weights of `sprout`: `python -m benchmarks.rounding_figures`, seconds, no training.

For each number of bits and size of group, what MLX's affine quantization takes from the weights and does not give back:
‖again − w‖ / ‖w‖ over all matrices, in percent, as a curve over the bits. Goes to the figures that lessons quote.
"""

import json
import subprocess
import sys

from benchmarks import workspace
from lab.models.find import BUNDLED

BITS, GROUPS = (3, 4, 5, 6, 8), (32, 64)
CODE = """
import json, sys, mlx.core as mx
bits, groups = json.loads(sys.argv[2]), json.loads(sys.argv[3])
weights = [w for w in mx.load(sys.argv[1]).values() if w.ndim == 2]
def error(**how):
    lost = sum(mx.square(mx.dequantize(*mx.quantize(w, **how), **how) - w).sum() for w in weights)
    return mx.sqrt(lost / sum(mx.square(w).sum() for w in weights)).item()
print(json.dumps([[[b, round(100 * error(bits=b, group_size=g), 2)] for b in bits] for g in groups]))
"""


def main() -> None:
    """Measure, write, print."""
    words = [str(BUNDLED / "sprout" / "model.safetensors"), json.dumps(BITS), json.dumps(GROUPS)]
    done = subprocess.run([sys.executable, "-c", CODE, *words], stdout=subprocess.PIPE, text=True, check=True)
    found = json.loads(done.stdout.splitlines()[-1])
    runs = [{"flags": {"group": g}, "weight_error": curve} for g, curve in zip(GROUPS, found, strict=True)]
    workspace.write_figure("benchmarks.rounding_figures", "rounding", runs)


if __name__ == "__main__":
    main()
