"""One iteration after another: the loss, its gradient averaged over every supervised token, the optimizer's update."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import mlx.optimizers as optim
from mlx.nn.utils import average_gradients
from mlx.utils import tree_flatten, tree_map, tree_map_with_path

from lab.engine import stopping
from lab.engine.checkpoint import Arrays

Loss = Callable[[nn.Module, mx.array, mx.array], tuple[mx.array, mx.array]]
"""Of model, token ids (rows, length + 1) and mask (rows, length): mean loss where the mask is 1, and their number."""


def masked_loss(model: nn.Module, ids: mx.array, mask: mx.array) -> tuple[mx.array, mx.array]:
    """Cross entropy in nats, averaged over the targets whose mask is 1, and how many those are."""
    losses = nn.losses.cross_entropy(model(ids[:, :-1]).astype(mx.float32), ids[:, 1:]) * mask
    tokens = mask.sum()
    return losses.sum() / mx.maximum(tokens, 1), tokens


class Loop:
    """A model in training. With `by_token`, accumulated steps and ranks weigh by their supervised tokens, so that
    every token counts the same however rows are spread; without, each step weighs the same, as in mlx-lm.

    After iteration `last` the gradients that are held are applied, however few they are; 0 for never, as in mlx-lm.
    With `max_norm` the gradient of an update is scaled down to that length where it is longer.
    """

    def __init__(
        self,
        model: nn.Module,
        optimizer: optim.Optimizer,
        loss: Loss,
        *,
        accumulate: int = 1,
        last: int = 0,
        max_norm: float | None = None,
        by_token: bool = True,
        group: Any = None,
        compiled: bool = True,
    ) -> None:
        self.model, self.optimizer, self.accumulate, self.last = model, optimizer, accumulate, last
        self.group = group if group is not None and group.size() > 1 else None
        self.loss = loss
        self.held: Any = None
        """Gradient sums and their weight since the last update, while steps accumulate."""
        optimizer.init(model.trainable_parameters())
        value_and_grad = nn.value_and_grad(model, loss)
        alone = accumulate == 1 and self.group is None

        def change(gradient: Any) -> None:
            if max_norm is not None:
                gradient, _ = optim.clip_grad_norm(gradient, max_norm)
            optimizer.update(model, gradient)

        update: Any = change
        if not compiled:  # the update's shapes never change, and its many small operations are worth fusing
            state = [model.state, optimizer.state]
            update = partial(mx.compile, inputs=state, outputs=state)(update)

        def step(ids: mx.array, mask: mx.array, held: Any, due: bool) -> tuple[mx.array, mx.array, Any]:
            (mean, tokens), gradient = value_and_grad(model, ids, mask)
            if alone:
                update(gradient)
                return mean, tokens, None
            weight = tokens.astype(mx.float32) if by_token else mx.array(1.0)
            gradient = tree_map(lambda g: g * weight, gradient)
            if held is not None:
                gradient, weight = tree_map(lambda g, h: g + h, gradient, held[0]), weight + held[1]
            if self.group is not None:
                mean = mx.distributed.all_sum(mean * tokens, group=self.group)
                tokens = mx.distributed.all_sum(tokens, group=self.group)
                mean = mean / tokens
            if not due:
                return mean, tokens, (gradient, weight)
            if self.group is not None:
                size = self.group.size()
                gradient = tree_map(lambda g: g * size, average_gradients(gradient, group=self.group))
                weight = mx.distributed.all_sum(weight, group=self.group)
            update(tree_map(lambda g: g / weight, gradient))
            return mean, tokens, None

        self._step: Any = step
        if compiled:
            state = [model.state, optimizer.state, mx.random.state]
            self._step = partial(mx.compile, inputs=state, outputs=state)(step)

    def step(self, iteration: int, ids: mx.array, mask: mx.array) -> tuple[float, int]:
        """Iteration number `iteration`, counted from 1: mean loss in nats and supervised tokens, of all ranks."""
        due = iteration % self.accumulate == 0 or iteration == self.last
        mean, tokens, self.held = self._step(ids, mask, self.held, due)
        mx.eval(self.model.trainable_parameters(), self.optimizer.state, mx.random.state, mean, tokens, self.held)
        return float(mean.item()), int(tokens.item())

    def evaluate(self, batches: Sequence[tuple[mx.array, mx.array]]) -> float:
        """Mean loss in nats over every supervised token of the batches, which ranks share among them.

        Raises Stopped between two batches when the training is asked to stop; of several ranks none may leave alone.
        """
        rank, size = (self.group.rank(), self.group.size()) if self.group is not None else (0, 1)
        self.model.eval()
        total, count = mx.array(0.0), mx.array(0.0)
        try:
            for ids, mask in batches[rank::size]:
                if self.group is None:
                    stopping.check()
                mean, tokens = self.loss(self.model, ids, mask)
                total, count = total + mean * tokens, count + tokens
                mx.eval(total, count)
        finally:
            self.model.train()
        if self.group is not None:
            total, count = (mx.distributed.all_sum(x, group=self.group) for x in (total, count))
        return float((total / count).item())  # type: ignore[arg-type]

    def trained(self) -> Arrays:
        """What the adapter file holds, by mlx-lm's names."""
        return dict(tree_flatten(self.model.trainable_parameters()))

    def state(self) -> tuple[Arrays, int]:
        """Everything but data that the next iteration depends on: arrays, and the key of MLX's random numbers."""
        parts = {"model": self.trained(), "optimizer": dict(tree_flatten(self.optimizer.state))}
        if self.held is not None:
            parts["held"] = dict(tree_flatten(list(self.held)))
        high, low = mx.random.state[0].tolist()  # type: ignore[index]
        return {f"{part}.{name}": array for part, arrays in parts.items() for name, array in arrays.items()}, (
            high << 32 | low
        )

    def restore(self, arrays: Arrays, key: int) -> None:
        """Go on from what `state` gave; must come before the first step."""

        def filled(part: str, tree: Any) -> Any:
            return tree_map_with_path(lambda path, _: arrays[f"{part}.{path}"], tree)

        self.model.update(filled("model", self.model.trainable_parameters()))
        self.optimizer.state.update(filled("optimizer", self.optimizer.state))  # in place: a compiled step holds it
        mx.random.seed(key)  # a seed of 64 bits becomes the key itself
        if any(name.startswith("held.") for name in arrays):
            self.held = tuple(filled("held", [self.model.trainable_parameters(), mx.array(0.0)]))
