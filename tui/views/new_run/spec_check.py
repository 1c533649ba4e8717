"""What can be said of a spec at once, in a thread: what its model and data are, and which of them is no good."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from lab.datasets.find import bundled as bundled_data
from lab.errors import LabError
from lab.models.find import list_models
from lab.runs.directory import Runs
from lab.runs.recent_inputs import recent
from lab.spec import RunSpec
from tui.formatting import units
from tui.locale import say
from tui.views.new_run.fields import Known
from tui.views.new_run.form import Offer
from tui.views.new_run.planner import look

if TYPE_CHECKING:
    from lessons.course import Lang

FLAGS = {"--model": "model", "--bits": "bits", "--data": "data", "--mask-prompt": "mask_prompt"}


class Examined(NamedTuple):
    """What is known, and field → why it cannot be taken."""

    known: Known
    refused: Mapping[str, str]


def examine(spec: RunSpec, before: Known, cache: Path, lang: "Lang") -> Examined:
    """Look at model and data; what is known already stays where they are no good."""
    try:
        return Examined(look(spec, cache)[0], {})
    except LabError as error:
        return Examined(before, refusal(error, spec, lang))


def refusal(error: LabError, spec: RunSpec, lang: "Lang") -> dict[str, str]:
    """Field → sentence for an error that is a field's, or nothing."""
    where = error.where
    name = FLAGS.get(where, "") or where.removeprefix("--").replace("-", "_")
    if name not in RunSpec.model_fields:
        of_model = where.startswith(spec.model) or where == spec.model
        name = "model" if of_model else "data" if "jsonl" in where or where.startswith(spec.data) or not where else ""
    if not name:
        return {}
    if name in ("model", "data") and error.usage:
        return {name: say(lang, f"new.wrong.{name}")}
    return {name: say(lang, "new.wrong.lab", reason=reason(error))}


def reason(error: LabError) -> str:
    """What is wrong, and what to do about it, in one line."""
    return "; ".join(filter(None, (error.what, error.remedy)))


def offers(runs: Path, cache: Path, lang: "Lang") -> dict[str, tuple[Offer, ...]]:
    """Models and data sets to choose from: those that came with the program, and those of the newest runs."""
    lately = recent(Runs(runs))
    models = []
    for model in list_models(cache):
        kind = say(lang, "new.bit", bits=model.bits) if model.bits else units.size(model.bytes)
        models.append(Offer(model.name, f"{model.parameters / 1e6:.1f} M · {kind}", True))
    data = [Offer(d.name, say(lang, "new.rows", count=d.rows["train"]), True) for d in bundled_data()]
    order = ["sql", "record", "journal"]
    data.sort(key=lambda offer: order.index(offer.name) if offer.name in order else len(order))
    return {
        "model": (*models, *(Offer(name) for name in lately.models)),
        "data": (*data, *(Offer(name) for name in lately.data)),
    }
