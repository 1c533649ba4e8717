"""Each hyperparameter stands once: what is added to RunSpec is in flags, form, comments, help and documentation."""

import json
import math
from pathlib import Path
from typing import Annotated, Any

import pytest
import typer
import yaml
from catalogues import texts
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field
from typer.testing import CliRunner

from lab.errors import LabError
from lab.hyperparameters import by_name, commented, hyperparameters, page, write_spec
from lab.models.find import find_model
from lab.planning.base_model import find_base, with_config
from lab.spec import Presentation, RunSpec
from tui.cli import spec_flags
from tui.panes.lab import fields as pane
from tui.views.new_run import fields as form

PAGE = Path(__file__).parents[2] / "docs" / "hyperparameters.md"


class More(RunSpec):
    """RunSpec with one field more."""

    noise: Annotated[float, Presentation(unit="decibels", advanced=True, ours=True)] = Field(
        default=0.5, gt=0, le=3, description="How loud it is."
    )


def test_a_field_that_is_added_in_one_place_is_found_in_all(tmp_path: Path) -> None:
    row = next(line for line in page(More).splitlines() if "`noise`" in line)
    assert row == "| `noise` | `--noise` | > 0, ≤ 3 | 0.5 | decibels | How loud it is. |"

    (line,) = [each for each in form.fields_of(More) if each.name == "noise"]
    assert (line.kind, line.advanced, line.limits.hold(3), line.limits.hold(0)) == ("number", True, True, False)

    path = tmp_path / "spec.yaml"
    write_spec(More(), path, model_path="/m", data_path="/d", adapter_path=tmp_path)
    assert "\n  noise: 0.5  # How loud it is. (decibels, > 0, ≤ 3)\n" in path.read_text(encoding="utf-8")

    asked: dict[str, Any] = {}

    def command(**given: Any) -> None:
        asked.update(given)

    command.__signature__ = spec_flags.inspect.Signature(list(spec_flags.flags(More).values()))  # type: ignore[attr-defined]
    command.__annotations__ = {name: each.annotation for name, each in spec_flags.flags(More).items()}
    app = typer.Typer()
    app.command()(command)
    helped = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "200"}).output
    assert "--noise" in helped and "How loud it is. [> 0, ≤ 3; default: 0.5]" in " ".join(helped.split())
    assert CliRunner().invoke(app, ["--noise", "2", "--rank", "4"]).exit_code == 0 and asked["noise"] == 2.0
    spec = More.make(spec_flags.taken(asked, More).fields)
    assert spec.noise == 2.0 and spec.command()[-4:] == ["--noise", "2", "--rank", "4"]


def test_every_field_has_its_meaning_in_every_language() -> None:
    for each in hyperparameters():
        assert texts("en")[f"field.{each.label}"].startswith(each.meaning.rstrip(".")), each.name
        assert texts("ko")[f"field.{each.label}"], each.name
        assert each.meaning.endswith(".")


def test_the_form_of_the_pane_has_the_same_ranges_and_defaults() -> None:
    values = pane.defaults(pane.Choices(rate=RunSpec().learning_rate))
    spec = RunSpec.make(pane.spec_fields(values, pane.Choices()))
    assert spec.model_copy(update={"mask_prompt": None}) == RunSpec()
    for name in ("rank", "iterations", "batch", "seed"):
        low, high = pane.whole_range(name, values, pane.Choices())
        allowed = by_name()[pane.RUN_SPEC[name]].limits
        assert allowed.hold(low) and allowed.hold(high) and not allowed.hold(low - 1) and not allowed.hold(high + 1)


@pytest.mark.parametrize("each", [e for e in hyperparameters() if e.kind in ("whole", "number")], ids=lambda e: e.name)
def test_a_range_is_what_run_spec_takes(each: Any) -> None:
    def takes(value: float) -> bool:
        inner = {each.label: value}
        try:
            RunSpec.make({"lora_parameters": inner} if "." in each.name else inner)
        except LabError:
            return False
        return True

    step = 1 if each.kind == "whole" else 1e-6
    low, high, low_in, high_in = each.limits
    assert low > -math.inf and takes(low) == low_in and not takes(low - step)
    if high < math.inf:
        assert takes(high) == high_in and not takes(high + step)
    assert not takes(True) and not takes(False), "a boolean is no number"


@given(st.text(min_size=1), st.text(min_size=1), st.lists(st.text(), max_size=3))
def test_comments_change_no_value(model: str, data: str, prompts: list[str]) -> None:
    text = RunSpec(model=model, data=data, sample_prompts=prompts).document(
        model_path=f"/m/{model}", data_path=f"/d/{data}", adapter_path="adapters"
    )
    assert yaml.safe_load(commented(text)) == yaml.safe_load(text)


def test_the_page_for_people_is_run_spec_s() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "write it: python -m lab.hyperparameters"


def test_a_model_that_brings_its_own_code_is_refused_by_plan_and_by_train(tmp_path: Path) -> None:
    config = {"model_type": "llama", "model_file": "modeling.py"}
    folder = tmp_path / "base"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(config))
    for find in (find_base, find_model):
        with pytest.raises(LabError, match="Python code of its own"):
            find(str(folder), tmp_path)
        (folder / "model.safetensors").write_bytes(b"")
    with pytest.raises(LabError, match="Python code of its own"):
        with_config(find_base("preset:llama-3.2-1b", tmp_path), config, weights=False)
