"""The machines of a run on several: mlx.launch's hostfile, a list of {"ssh": name, "ips": [...], "rdma": [...]}."""

import re
import shutil
from pathlib import Path
from typing import Final

from foreign import read_json
from lab.errors import LabError
from lab.spec import RunSpec

NAME: Final = re.compile(r"(?:[\w.][\w.-]*@)?\[?[\w.:][\w.:%-]*\]?")


def several(spec: RunSpec) -> bool:
    """Whether the run is one for mlx.launch."""
    return spec.ranks > 1 or spec.hostfile is not None


def count_ranks(spec: RunSpec) -> int:
    """How many processes train together. Raises LabError if the hostfile is none."""
    if not spec.hostfile:
        return spec.ranks
    try:
        found = read_json(Path(spec.hostfile).expanduser())
        hosts = found["hosts"] if isinstance(found, dict) else found
        if hosts and all(host["ssh"] and isinstance(host.get("ips", []), list) for host in hosts):
            odd = [word for host in hosts for word in (host["ssh"], *host.get("ips", [])) if not _is_name(word)]
            if not odd:
                return len(hosts)
            problem = f"has {odd[0]!r} where a host's name or address should be"
        else:
            problem = "lists no hosts" if not hosts else "has a host without a name"
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        problem = f"cannot be read ({type(error).__name__}: {error})"
    remedy = "make one with `mlx.distributed_config --hosts …`"
    raise LabError(f"{spec.hostfile} {problem}", where="--hostfile", remedy=remedy, usage=True)


def _is_name(word: object) -> bool:
    """Whether a word can only be a host, or user@host: one that begins with - would be an option to ssh or mpirun."""
    return isinstance(word, str) and NAME.fullmatch(word) is not None


def check_ranks(spec: RunSpec) -> None:
    """Raise LabError if the batch cannot be shared evenly, or if what the backend needs is plainly not there."""
    ranks = count_ranks(spec)
    if several(spec) and spec.backend == "mpi" and not shutil.which("mpirun"):
        raise LabError("mpi needs mpirun", where="--backend", remedy="install Open MPI, or take ring", usage=True)
    if several(spec) and spec.backend == "jaccl" and not spec.hostfile:
        raise LabError("jaccl needs a hostfile that names RDMA devices", where="--backend", usage=True,
                       remedy="make one with `mlx.distributed_config --backend jaccl --hosts …`")  # fmt: skip
    if spec.hostfile and spec.ranks not in (1, ranks):
        raise LabError(f"{spec.ranks} ranks asked for, but the hostfile lists {ranks}", where="--ranks", usage=True,
                       remedy="leave the flag out")  # fmt: skip
    if spec.batch_size % ranks:
        raise LabError(f"a batch of {spec.batch_size} rows cannot be shared by {ranks} ranks", where="--batch-size",
                       remedy=f"give a multiple of {ranks}", usage=True)  # fmt: skip
