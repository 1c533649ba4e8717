"""What sets runs apart comes first, and figures that cannot be compared are said to be so."""

import json
import re
import shutil
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from catalogues import texts
from hypothesis import given
from hypothesis import strategies as st

from lab.datasets.find import find_data
from lab.errors import LabError
from lab.events.series import Point
from lab.queue import three_way
from lab.reports import markdown as report
from lab.reports import svg
from lab.reports.comparison import Comparison, Doubt, mean_and_band, shared
from lab.runs import evaluation, run_notes
from lab.runs.directory import Run, Runs
from lab.runs.state import RunState
from lab.spec import RunSpec

SPEC: dict[str, Any] = {"model": "sprout", "data": "sql", "iters": 20}


@pytest.fixture
def make(tmp_path: Path) -> Any:
    """A finished run whose validation loss falls to `loss`."""

    def run(name: str, loss: float = 1.0, **fields: object) -> Run:
        spec = RunSpec.make({**SPEC, **fields})
        made = Runs(tmp_path / "runs").create(spec, model_path="sprout", data_path="sql")
        made = Run(made.path.rename(made.path.with_name(name)))
        (made.adapters / "adapters.safetensors").write_bytes(b"weights")
        events: list[dict[str, Any]] = [{"event": "started", "iterations": 20, "trainable_parameters": 7}]
        for at in (0, 10, 20):
            events.append({"event": "validation", "iteration": at, "val_loss": loss + (20 - at) / 10, "best": True})
            if at:
                events.append({"event": "train", "iteration": at, "train_loss": loss, "trained_tokens": at * 10,
                               "elapsed_seconds": at / 5, "peak_memory_bytes": 5, "tokens_per_second": 50})  # fmt: skip
        last = {"event": "finished", "run": name, "iterations": 20, "train_loss": loss, "val_loss": loss}
        (made.path / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in [*events, last]))
        (made.path / "result.json").write_text(json.dumps(last))
        return made

    return run


def test_what_differs_comes_before_what_each_reached(make: Any, tmp_path: Path) -> None:
    runs = [make("a"), make("b", 0.5, model="sprout-4bit", fine_tune_type="dora", steps_per_report=1)]
    comparison = Comparison.of(runs, tmp_path)
    assert comparison.differs == {"model": ["sprout", "sprout-4bit"], "fine_tune_type": ["lora", "dora"]}
    assert list(comparison.shown_otherwise) == ["steps_per_report"]
    assert comparison.labels == ["LoRA", "QDoRA"] and comparison.bases == ["sprout", "sprout-4bit"]
    second = comparison.contenders[1]
    assert (second.value("val_loss"), second.value("best_val_loss"), second.value("best_iteration")) == (0.5, 0.5, 20)
    assert second.value("seconds_per_iteration") == pytest.approx(0.2) and second.value("trainable_parameters") == 7
    assert second.value("exact_match") is None and second.ended and not comparison.doubts()
    assert not comparison.read(), "nothing was said since"


def test_a_name_that_somebody_gave_stands_for_the_run(make: Any, tmp_path: Path) -> None:
    runs = [make("a", learning_rate=1e-3), make("b", learning_rate=2e-3)]
    run_notes.change(runs[1], name="the faster one")
    assert Comparison.of(runs, tmp_path).labels == ["LoRA · rate 0.001", "the faster one"]


def test_all_layers_are_said_in_a_word(make: Any, tmp_path: Path) -> None:
    comparison = Comparison.of([make("a"), make("b", num_layers=4)], tmp_path)
    assert comparison.differs["num_layers"] == [-1, 4] and comparison.labels == ["LoRA · layers all", "LoRA · layers 4"]
    assert "| 전체 | 4 |" in report.build(comparison, "x", "ko")[0]


def test_other_validation_rows_are_another_loss(make: Any, tmp_path: Path) -> None:
    def doubts(**fields: object) -> list[Doubt]:
        shutil.rmtree(tmp_path / "runs", ignore_errors=True)
        return Comparison.of([make("a"), make("b", **fields)], tmp_path).doubts()

    assert doubts() == [] and doubts(seed=1, learning_rate=1e-3) == []
    assert doubts(val_batches=2) == [Doubt("validation", ("rows",))]
    assert doubts(val_batches=-1) == [], "25 batches of 8 are all rows there are"
    assert doubts(mask_prompt=False) == [Doubt("validation", ("mask_prompt",))]
    copy = shutil.copytree(find_data("sql").path, tmp_path / "copy", dirs_exist_ok=True)
    assert [doubt.kind for doubt in doubts(data=str(copy))] == ["validation"]
    assert [doubt.kind for doubt in doubts(model="other/model")] == ["tokens"]


def test_scores_over_other_questions_are_doubted(make: Any, tmp_path: Path) -> None:
    runs = [make("a"), make("b", seed=1)]
    for run, rows in zip(runs, (0, 60), strict=True):
        score = {"split": "test", "rows": rows, "exact_match": 0.5, "examples": rows or 200}
        evaluation.write(run, {**score, "of": evaluation.stamp(run)})
    comparison = Comparison.of(runs, tmp_path)
    assert [each.value("exact_match") for each in comparison.contenders] == [0.5, 0.5]
    assert comparison.doubts() == [Doubt("questions")]


def test_seeds_of_one_specification_belong_together(make: Any, tmp_path: Path) -> None:
    runs = [make("a", seed=0), make("b", 2.0, seed=1), make("c", fine_tune_type="dora"), make("d", 3.0, seed=2)]
    comparison = Comparison.of(runs, tmp_path)
    assert comparison.seeds() == [[0, 1, 3], [2]]
    curves = [comparison.contenders[n].digest.validation() for n in (0, 1, 3)]
    mean, band = mean_and_band(curves)
    assert [point.y for point in mean] == [4.0, 3.0, 2.0] and band[-1] == (20, 1.0, 3.0)


@given(
    st.lists(st.lists(st.tuples(st.integers(0, 50), st.floats(0, 9)), min_size=1, max_size=8), min_size=1, max_size=4)
)
def test_the_mean_is_within_its_band(curves: list[list[tuple[int, float]]]) -> None:
    points = [[Point(x, y) for x, y in sorted({x: y for x, y in curve}.items())] for curve in curves]
    mean, band = mean_and_band(points)
    assert len(mean) == len(band) <= len(points[0])
    assert all(low - 1e-9 <= point.y <= high + 1e-9 for point, (_, low, high) in zip(mean, band, strict=True))


def test_the_three_ways_change_one_thing_at_a_time() -> None:
    first, second, third = (RunSpec.make(fields) for fields in three_way.fields())

    def changed(a: RunSpec, b: RunSpec) -> set[str]:
        return {name for name in RunSpec.model_fields if getattr(a, name) != getattr(b, name)}

    assert changed(first, second) == {"model"} and changed(second, third) == {"fine_tune_type"}
    assert first.iters == 50 and first.data == "sql"


def test_the_newest_three_are_found_in_their_order(make: Any, tmp_path: Path) -> None:
    runs = Runs(tmp_path / "runs")
    assert three_way.newest(runs) == []
    for group in ("three-way 2025-01-01 00:00:00", "three-way 2025-01-02 00:00:00"):
        for number, fields in reversed(list(enumerate(three_way.fields()))):
            run_notes.change(make(f"{group[19]}-{number}", **fields), group=group)
    run_notes.change(make("other"), group="grid")
    assert [run.id for run in three_way.newest(runs)] == ["2-0", "2-1", "2-2"]
    assert [run.id for run in three_way.unmeasured(three_way.newest(runs))] == ["2-0", "2-1", "2-2"]


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_a_report_shows_its_charts_and_says_foreign_text_without_obeying_it(
    make: Any, tmp_path: Path, lang: report.Lang
) -> None:
    nasty = "<script>x</script> | [link](http://evil) \x1b[2J ![p](x)"
    runs = [make("a"), make("b", 0.5, seed=1), make("c", 0.4, fine_tune_type="dora")]
    run_notes.change(runs[2], name=nasty)
    file = report.write(Comparison.of(runs, tmp_path), tmp_path, lang, tmp_path / "out" / "all.md")
    text = file.read_text(encoding="utf-8")
    charts = sorted(file.parent.glob("*.svg"))
    assert len(charts) == 2 and all(f"({chart.name})" in text for chart in charts)
    for written in (text, *(chart.read_text(encoding="utf-8") for chart in charts)):
        assert "<script>" not in written and "\x1b" not in written
    assert not re.search(r"(?<!\\)\]\((?!all-)", text), "no link and no picture but the charts"
    for chart in charts:
        root = ET.fromstring(chart.read_text(encoding="utf-8"))
        names = {element.tag.rpartition("}")[2] for element in root.iter()}
        assert root.tag.endswith("svg") and "polyline" in names
        assert not names & {"script", "image", "foreignObject", "a", "use"}, "it asks for nothing from outside"
    assert text.count("lowrank train") == 3 and all(run.id in text for run in runs)


def markers(chart: str) -> int:
    """Markers of the lines themselves; each line with some has one more in the legend."""
    return sum(element.tag.endswith("path") for element in ET.fromstring(chart).iter())


def test_a_marker_of_a_report_is_a_measurement(make: Any, tmp_path: Path) -> None:
    """Three validations are three markers; what is smoothed has none, nor has a mean where a seed was not measured."""
    one = report.build(Comparison.of([make("a"), make("b", 0.5, num_layers=2)], tmp_path), "x")[1]
    assert markers(one["x-validation.svg"]) == 2 * (3 + 1) and markers(one["x-train.svg"]) == 0
    seeds = report.build(Comparison.of([make(f"s{n}", n / 5, seed=n) for n in range(3)], tmp_path), "x")[1]
    assert markers(seeds["x-validation.svg"]) == 3 + 1
    curves = [[Point(0, 1), Point(10, 2)], [Point(0, 3), Point(4, 1), Point(10, 4)]]
    mean, band = mean_and_band([curves[1], curves[0]])
    assert len(mean) == len(band) == 3 and [point.x for point in shared(mean, curves)] == [0, 10]
    many = [Point(x, 1 + x) for x in range(100)]
    few = svg.chart([svg.Curve("many", many, (), many)], "t", "x")
    assert markers(few) <= svg.MARKERS + 2


@pytest.mark.parametrize(("lang", "row"), [("en", "| state | finished | lost |"), ("ko", "| 상태 | 완료 | 끊김 |")])
def test_a_report_says_what_became_of_a_run_in_the_language_of_the_rest(
    make: Any, tmp_path: Path, lang: report.Lang, row: str
) -> None:
    runs = [make("a"), make("b", seed=1)]
    comparison = Comparison.of(runs, tmp_path)
    comparison.contenders[1].state = RunState.LOST
    assert row in report.build(comparison, "all", lang)[0]


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_a_report_has_words_for_every_state(lang: report.Lang) -> None:
    assert {f"report.state.{state}" for state in RunState} <= texts(lang).keys()


@pytest.mark.parametrize(
    ("lang", "words"), [("en", ("not yet", "none", "not known")), ("ko", ("아직", "없음", "모름"))]
)
def test_a_report_says_why_a_figure_is_missing(
    make: Any, tmp_path: Path, lang: report.Lang, words: tuple[str, str, str]
) -> None:
    runs = [make("a"), make("b", seed=1)]
    events = (
        '{"event": "started"}\n',
        '{"event": "started"}\n{"event": "train", "iteration": 1, "train_loss": null}\n',
    )
    for run, told in zip(runs, events, strict=True):
        (run.path / "events.jsonl").write_text(told)
        (run.path / "result.json").unlink()
    comparison = Comparison.of(runs, tmp_path)
    comparison.contenders[0].state = RunState.RUNNING
    comparison.contenders[1].state = RunState.LOST
    comparison.contenders[0].told, comparison.contenders[1].told = {}, {}
    not_yet, none, unknown = words
    shown = {key.removeprefix("report."): text for key, text in texts(lang).items() if key.startswith("report.")}
    text = report.build(comparison, "all", lang)[0]
    assert f"| {shown['val']} | {not_yet} | {none} |" in text
    assert f"| {shown['train']} | {not_yet} | {unknown} |" in text
    assert f"| {shown['match']} | {unknown} | {unknown} |" in text


def test_a_report_replaces_no_other_kind_of_file(make: Any, tmp_path: Path) -> None:
    with pytest.raises(LabError, match="Markdown"):
        report.write(Comparison.of([make("a")], tmp_path), tmp_path, "en", tmp_path / "notes.txt")


def test_a_report_is_written_over_itself_and_over_nothing_else(make: Any, tmp_path: Path) -> None:
    comparison = Comparison.of([make("a")], tmp_path)
    file, notes, chart = tmp_path / "all.md", tmp_path / "NOTES.md", tmp_path / "other-validation.svg"
    report.write(comparison, tmp_path, "en", file)
    report.write(comparison, tmp_path, "ko", file)
    assert texts("ko")["report.reached"] in file.read_text("utf-8")
    notes.write_text("# mine\n")
    chart.write_text("<svg/>")
    for place in (notes, tmp_path / "other.md", tmp_path):
        with pytest.raises(LabError):
            report.write(comparison, tmp_path, "en", place)
    assert notes.read_text() == "# mine\n" and chart.read_text() == "<svg/>" and not (tmp_path / "other.md").exists()
    file.write_text(file.read_text("utf-8").replace("# ", "# what I found: ", 1), "utf-8")
    with pytest.raises(LabError, match="changed since lowrank wrote it"):
        report.write(comparison, tmp_path, "en", file)
