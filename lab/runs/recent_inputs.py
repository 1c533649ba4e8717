"""What runs were trained on lately: read from their directories, which are the truth."""

from typing import NamedTuple

from lab.datasets.find import bundled as bundled_data
from lab.errors import LabError
from lab.models.find import list_models
from lab.runs.directory import Runs

LOOKED = 20  # runs whose specification is read


class Recent(NamedTuple):
    """Names of models and data sets that are not bundled, the latest first."""

    models: tuple[str, ...]
    data: tuple[str, ...]


def recent(runs: Runs) -> Recent:
    """The names in the specifications of the newest runs; one that cannot be read is passed over."""
    known = {model.name for model in list_models(runs.root)} | {data.name for data in bundled_data()}
    models: dict[str, None] = {}
    data: dict[str, None] = {}
    for run in runs.all()[:LOOKED]:
        try:
            spec = run.spec
        except LabError:
            continue
        models.setdefault(spec.model)
        data.setdefault(spec.data)
    return Recent(tuple(m for m in models if m not in known), tuple(d for d in data if d not in known))
