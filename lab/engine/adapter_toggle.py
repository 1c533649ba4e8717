"""One base in memory with a run's adapter on a switch: put in, taken out, exchanged and scaled between two tokens."""

from pathlib import Path
from typing import Any

import mlx.core as mx
import mlx.nn as nn
from mlx.utils import tree_flatten, tree_unflatten

from lab.engine import dora
from lab.engine.generation import with_adapter
from lab.runs.adapters import find_adapter
from lab.runs.directory import Run

Side = list[tuple[str, Any]]
"""Path in the model → the module there, or for a full fine-tune the weight."""


class Switch:
    """The run's base, `model`, with its adapter in or out; it begins with none.

    Switching costs no copy: adapted layers hold the base's own. A full fine-tune is another set of weights, so both
    sets are in memory.
    """

    def __init__(self, model: nn.Module, run: Run) -> None:
        self.model, self.run = model, run
        self.full = run.spec.fine_tune_type == "full"
        self.adapted = False
        self.scale = 1.0
        self._without: Side = []
        self._within: Side = []
        self._trained: list[tuple[float, Any]] = []
        self._stamp: tuple[Path, int, int] | None = None

    def turn(self, adapted: bool) -> None:
        """Put the loaded adapter in, or take it out."""
        if adapted != self.adapted:
            side = tree_unflatten(self._within if adapted else self._without)
            self.model.update(side) if self.full else self.model.update_modules(side)
            self.adapted = adapted

    def load(self, checkpoint: str = "last", scale: float = 1.0) -> None:
        """Have that checkpoint ready at so many times its trained strength, read again only where it changed on disk.

        0 is the base and 1 the adapter as trained. Of DoRA the magnitudes go the same way, from the base's to the
        trained ones; of a full fine-tune every weight does. Raises LabError if there is none, or it does not fit.
        """
        file = find_adapter(self.run, checkpoint)
        stat = file.stat()
        stamp = (file, stat.st_mtime_ns, stat.st_size)
        if stamp != self._stamp:
            self.turn(False)
            self._stamp, self.scale = None, 1.0
            self._load_weights(checkpoint) if self.full else self._load_layers(checkpoint)
            self._stamp = stamp
        if scale != self.scale:
            self.turn(False)
            self._weigh(scale, file) if self.full else self._strengthen(scale)
            self.scale = scale

    def _load_weights(self, checkpoint: str) -> None:
        before = tree_flatten(self.model.parameters())
        with_adapter(self.model, self.run, checkpoint)
        after = dict(tree_flatten(self.model.parameters()))
        self._without = [(name, weight) for name, weight in before if after[name] is not weight]
        self._within = [(name, after[name]) for name, _ in self._without]
        self.adapted = True

    def _load_layers(self, checkpoint: str) -> None:
        before = dict(self.model.named_modules())
        try:
            with_adapter(self.model, self.run, checkpoint)
            self.adapted = True
        finally:  # a file that does not fit leaves the layers made for it behind
            self._within = [(name, layer) for name, layer in self.model.named_modules() if "lora_a" in layer]
            self._without = [(name, before[name]) for name, _ in self._within]
            if not self.adapted:
                self.model.update_modules(tree_unflatten(self._without))
        self._trained = [(layer.scale, layer.get("m")) for _, layer in self._within]

    def _strengthen(self, scale: float) -> None:
        for (_, layer), (trained, magnitude) in zip(self._within, self._trained, strict=True):
            layer.scale = trained * scale
            if magnitude is not None:
                base = _base_magnitude(layer)
                layer.m = magnitude if scale == 1 else base + scale * (magnitude - base)
            dora.hold(layer)

    def _weigh(self, scale: float, file: Path) -> None:
        """The trained weights are read again, so that no third set of them is held."""
        trained: Any = mx.load(str(file))
        self._within = [
            (name, trained[name] if scale == 1 else base + scale * (trained[name] - base))
            for name, base in self._without
        ]
        mx.eval([weight for _, weight in self._within])


def _base_magnitude(layer: Any) -> mx.array:
    """The row norms of the base's weight, as DoRA begins with them."""
    if "embedding" in layer:
        layer.set_embedding(layer.embedding)
    else:
        layer.set_linear(layer.linear)
    return layer.m
