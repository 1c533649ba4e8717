"""Measured figures: what a lesson may quote from them, and what is refused with file and line."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lessons.figures import read_figure
from lessons.load import load_lesson
from lessons.model import ContentError, Lesson

DRAWN = Path(__file__).parent / "drawn"
RUNS = [
    {
        "flags": {"--rank": 1, "--seed": 0},
        "val_loss": 1.23456,
        "exact_match": 0.585,
        "iterations": 400,
        "verdict": "",
        "best_iteration": None,
        "train": [[10, 4.5], [50, 2.25]],
    },
    {"flags": {"--rank": 8, "--seed": 0}, "exact_match": 0.95, "loss": 0, "train": [[10, 4.25], [50, 0.5]]},
    {"flags": {"--mask-prompt": True}, "exact_match": 1, "loss": 0.57, "train": []},
]
RANK_1 = 'figure = "trial", flags = { "--rank" = 1, "--seed" = 0 }'


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """A course with a figure `trial`."""
    root = Path(shutil.copytree(DRAWN, tmp_path / "course"))
    (root / "figures" / "trial.json").write_text(figure(RUNS))
    return root


def figure(runs: Any, **more: Any) -> str:
    return json.dumps({"made_by": "python -m bench.figures rank", "mlx_lm": "0.32.2", "runs": runs, **more}, indent=1)


def quoting(course: Path, *numbers: str) -> Lesson:
    """The lesson with these numbers."""
    file = course / "demo" / "measured" / "lesson.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("[numbers]\n", "\n".join(["[numbers]", *numbers, ""]), 1), encoding="utf-8")
    return load_lesson(file.parent, "demo")


@pytest.mark.parametrize(
    ("reference", "value"),
    [
        (f'{{ {RANK_1}, take = "val_loss", digits = 2 }}', 1.23456),
        (f'{{ {RANK_1}, take = "exact_match", times = 100, digits = 1 }}', 58.5),
        (f'{{ {RANK_1}, take = "iterations" }}', 400),
        (f'{{ {RANK_1}, take = "train@50", digits = 2 }}', 2.25),
        (f'{{ {RANK_1}, take = "iterations", times = 0.01 }}', 4),
        ('{ figure = "trial", flags = { "--mask-prompt" = true }, take = "loss", times = 100 }', 57),
        ('{ figure = "trial", flags = { "--seed" = 0, "--rank" = 8.0 }, take = "loss" }', 0),
        ('{ figure = "trial", flags = { "--mask-prompt" = true }, take = "exact_match", times = 100 }', 100),
    ],
)
def test_a_number_is_quoted_from_the_run_with_exactly_these_flags(course: Path, reference: str, value: float) -> None:
    lesson = quoting(course, f"quoted = {reference}", 'twice = { formula = "2 * quoted", digits = 1 }')
    assert lesson.numbers["quoted"] == pytest.approx(value)
    assert lesson.numbers["twice"] == pytest.approx(2 * value)


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        (f'{{ {RANK_1}, take = "val_loss" }}', "say how many digits"),
        (f'{{ {RANK_1}, take = "speed" }}', "has no number 'speed'; there are: exact_match, iterations, val_loss"),
        (f'{{ {RANK_1}, take = "verdict" }}', "has no number 'verdict'"),
        (f'{{ {RANK_1}, take = "best_iteration" }}', "has no number 'best_iteration'"),
        (f'{{ {RANK_1}, take = "train" }}', "has no number 'train'"),
        (f'{{ {RANK_1}, take = "train@11", digits = 1 }}', "has no point at '11'"),
        (f'{{ {RANK_1}, take = "train@", digits = 1 }}', "has no point at ''"),
        (f'{{ {RANK_1}, take = "curve@10", digits = 1 }}', "has no curve 'curve'; there are: train"),
        (f'{{ {RANK_1}, take = "iterations", times = 0 }}', "'times' must be a number, and not 0"),
        (f'{{ {RANK_1}, take = "iterations", times = inf }}', "'times' must be a number, and not 0"),
        (f'{{ {RANK_1}, take = "iterations", times = 1e30 }}', "is too large"),
        (f'{{ {RANK_1}, take = "iterations", tims = 2 }}', "'tims' is not a key"),
        ('{ figure = "trail", flags = {}, take = "loss" }', "figures/trail.json is missing"),
        ('{ figure = "../trial", flags = {}, take = "loss" }', "must be lower-case words"),
        ('{ figure = "trial", flags = { "--rank" = 8 }, take = "loss" }', "no run of the figure 'trial' has the flags"),
        ('{ figure = "trial", flags = { "--mask-prompt" = 1 }, take = "loss" }', "flags --mask-prompt 1; there are"),
        ('{ figure = "trial", take = "loss" }', "'flags' is missing"),
        ('{ figure = "trial", flags = {} }', "has the flags none"),
    ],
)
def test_what_cannot_be_quoted_is_said_on_its_line(course: Path, reference: str, said: str) -> None:
    with pytest.raises(ContentError) as error:
        quoting(course, "first = 1", f"quoted = {reference}")
    assert said in error.value.message
    file = course / "demo" / "measured" / "lesson.toml"
    lines = file.read_text(encoding="utf-8").split("\n")
    assert (error.value.file, lines[error.value.line - 1]) == (file, f"quoted = {reference}")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[]", "must be {"),
        ('{"runs": 3}', "must be {"),
        (figure(RUNS, made_by=""), "'made_by' must say how"),
        (figure(RUNS, mlx_lm=None), "'mlx_lm' must say how"),
        (figure([]), "from 1 to 1,000 runs"),
        (figure([RUNS[0]] * 1001), "from 1 to 1,000 runs"),
        (figure([RUNS[0], RUNS[0]]), "run 2 has the flags of another: --rank 1, --seed 0"),
        (figure([3]), "run 1 must be"),
        (figure([{"flags": []}]), "run 1 must be"),
        (figure([{"flags": {"--rank": [1]}}]), "neither a text nor a number"),
        (figure([{"flags": {"--rank": float("nan")}}]), "neither a text nor a number"),
        (figure([{"flags": {}, "loss": float("nan")}]), "'loss' of run 1 is no finite number"),
        (figure([{"flags": {}, "loss": float("inf")}]), "'loss' of run 1 is no finite number"),
        (figure([{"flags": {}, "loss": 10**400}]), "'loss' of run 1 is no finite number"),
        (figure([{"flags": {}, "train": [[1, 2, 3]]}]), "'train' of run 1 must be a list of [x, y]"),
        (figure([{"flags": {}, "train": [[1, float("nan")]]}]), "'train' of run 1 must be a list of [x, y]"),
        (figure([{"flags": {}, "train": [[x, 1] for x in range(10_001)]}]), "more than 10,000 points"),
        (" " * 1_000_001, "is larger than 1,000,000 bytes"),
    ],
)
def test_a_damaged_figure_is_a_content_error_of_its_own_file(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(ContentError) as error:
        read_figure(tmp_path / "a.json")
    assert said in error.value.message
    assert error.value.file == tmp_path / "a.json"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=5), inside, max_size=3),
    max_leaves=8,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(st.dictionaries(st.sampled_from(["flags", "loss", "train", "\x1b[2J"]), json_values))
def test_any_run_at_all_is_read_or_refused(tmp_path: Path, run: dict[str, Any]) -> None:
    (tmp_path / "a.json").write_text(figure([{"flags": {}, **run}]))
    try:
        (found,) = read_figure(tmp_path / "a.json")
    except ContentError as error:
        assert "\x1b" not in str(error)
    else:
        assert all(abs(value) <= 10**30 for value in found.numbers.values())
