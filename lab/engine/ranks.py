"""Training on several processes or machines: each rank takes its share of every batch, and rank 0 keeps the run."""

from collections.abc import Callable
from typing import Any

import mlx.core as mx

from lab.errors import LabError
from lab.events.schema import Event, LastWord
from lab.spec import RunSpec


def join(spec: RunSpec) -> Any:
    """The group of all ranks, or None where the spec wants one process. Raises LabError if they do not come together.

    The process must have been started by mlx.launch (lab.runs.launch does).
    """
    if spec.ranks == 1 and not spec.hostfile:
        return None
    try:
        group = mx.distributed.init(strict=True, backend=spec.backend)
    except (RuntimeError, ValueError) as error:
        remedy = "see that every host is up and reached by ssh without a password, or try another --backend"
        raise LabError(f"the ranks cannot come together ({error})", where="--ranks", remedy=remedy) from error
    if spec.batch_size % group.size():
        remedy = f"give a multiple of {group.size()}"
        raise LabError(f"a batch of {spec.batch_size} rows cannot be shared by {group.size()} ranks",
                       where="--batch-size", remedy=remedy, usage=True)  # fmt: skip
    return group


def together(asked: Callable[[], bool], group: Any) -> Callable[[], bool]:
    """Whether any rank has been asked to stop: all learn of it at the same iteration, or one would wait for ever."""
    if group is None:
        return asked
    return lambda: bool(mx.distributed.all_sum(mx.array(int(asked())), group=group).item())


class Silent:
    """The events of a rank that keeps no run."""

    def write(self, event: Event) -> None:
        """Nothing."""

    def last_word(self, event: LastWord) -> None:
        """Nothing."""
