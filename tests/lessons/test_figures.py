"""Measured figures: what a lesson may quote from them, and what is refused with file and line."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lessons.course import LANGS, Bars, Chart, ContentError, Lesson
from lessons.figures import read_figure
from lessons.loader import load_lesson
from lessons.validation.course import check_course
from lessons.validation.problems import Problem
from tui.cli.check import tools

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
    return json.dumps(
        {"made_by": "python -m benchmarks.figures rank", "mlx_lm": "0.32.2", "runs": runs, **more}, indent=1
    )


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
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["", "8", "nan"]),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.sampled_from("ab"), inside, max_size=3),
    max_leaves=8,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from(["flags", "loss", "train", "\x1b[2J"]), json_values))
def test_any_run_at_all_is_read_or_refused(tmp_path: Path, run: dict[str, Any]) -> None:
    (tmp_path / "a.json").write_text(figure([{"flags": {}, **run}]))
    try:
        (found,) = read_figure(tmp_path / "a.json")
    except ContentError as error:
        assert "\x1b" not in str(error)
    else:
        assert all(abs(value) <= 10**30 for value in found.numbers.values())


# bars and charts


def checked(course: Path) -> tuple[Problem, ...]:
    return check_course(course, tools(ask_mlx_lm=False)).problems


def lesson_with(course: Path, file: str, old: str, new: str) -> Path:
    """The course with one thing changed in a file of its lesson."""
    path = course / "demo" / "measured" / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return course / "demo" / "measured"


def test_bars_and_charts_are_blocks_of_both_languages() -> None:
    lesson = load_lesson(DRAWN / "demo" / "measured", "demo")
    for lang in LANGS:
        blocks = lesson.sections[0].blocks[lang]
        bars = next(block for block in blocks if isinstance(block, Bars))
        assert [(bar.id, bar.length, bar.shown) for bar in bars.bars] == [
            ("rank-1", 58.5, "58.5%"),
            ("rank-8", 95, "95%"),
            ("rank-64", 0, "0%"),
        ]
        falls, saved = (block for block in blocks if isinstance(block, Chart))
        assert [(line.id, len(line.points)) for line in falls.lines] == [
            ("rank-1", 10),
            ("rank-8", 10),
            ("rank-64", 10),
        ]
        assert falls.log_y and falls.lines[1].points[0] == (10.0, 2.525)
        assert saved.title and "58.5%" in saved.title[lang] and saved.lines[0].points[-1] == (100.0, 1.25)
    asked = lesson.questions[0].chart
    assert asked and asked.title is None and [line.id for line in asked.lines] == ["one", "sixty-four"]


RUN_64 = '{ id = "rank-64", flags = { "--rank" = 64, "--seed" = 0 } },'
WRONG = [
    ("lesson.toml", 'value = "most"', 'value = "mots"', 'value = "mots"', "'mots' is not among the numbers"),
    ("lesson.toml", 'value = "most"', 'value = "least"', 'value = "least"', "'least' is not among the numbers"),
    ("lesson.toml", '"rank-64", value', '"rank-8", value', '"rank-8"', "the label 'rank-8' is used twice"),
    ("lesson.toml", '"rank-64", value', '"Rank 64", value', '"Rank 64"', "must be lower-case words"),
    ("lesson.toml", 'unit = "%"', 'units = "%"', "units", "'units' is not a key"),
    ("lesson.toml", 'take = "train"', 'take = "tarin"', "tarin", "has no curve 'tarin'; there are: train, validation"),
    (
        "lesson.toml",
        RUN_64,
        RUN_64.replace("64,", "65,"),
        "65",
        "has the flags --rank 65, --seed 0; there are: --rank 1",
    ),
    ("lesson.toml", RUN_64, RUN_64.replace("64,", "[64],"), "[64]", "each flag must be a text, a number"),
    ("lesson.toml", 'figure = "rank"\n', 'figure = "ranks"\n', 'figure = "ranks"', "figures/ranks.json is missing"),
    ("lesson.toml", 'file = "saved.csv"', 'file = "gone.csv"', None, "cannot be read"),
    ("en/lesson.md", "{{bars:scores}}", "{{bars:points}}", "{{bars:points}}", "there is no bars 'points'"),
    ("ko/lesson.md", "{{chart:falls}}", "", "# ", "every code block, diagram and chart must be placed"),
    ("ko/figures.toml", 'rank-64 = "rank 64"', "", "[bars.scores.labels]", "'rank-64' is missing"),
    ("en/figures.toml", 'y = "loss"', 'y = "loss"\nz = "?"', 'z = "?"', "'z' is not a key"),
    ("en/figures.toml", "{{one}}", "{{noe}}", "{{noe}}", "{{noe}} is not among the numbers"),
]


@pytest.mark.parametrize(("file", "old", "new", "at", "said"), WRONG)
def test_what_cannot_be_drawn_is_said_with_file_and_line(
    course: Path, file: str, old: str, new: str, at: str | None, said: str
) -> None:
    folder = lesson_with(course, file, old, new)
    with pytest.raises(ContentError) as error:
        load_lesson(folder, "demo")
    assert said in error.value.message
    if at is not None:
        before = (folder / file).read_text(encoding="utf-8").split(at)[0]
        assert (error.value.file, error.value.line) == (folder / file, before.count("\n") + 1)


@pytest.mark.parametrize("length", ["-1", "inf", "nan", "1e31"])
def test_a_bar_has_a_length_that_can_be_drawn(course: Path, length: str) -> None:
    folder = lesson_with(course, "lesson.toml", 'value = "most"', 'value = "odd"')
    lesson_with(course, "lesson.toml", "[numbers]\n", f"[numbers]\nodd = {length}\n")
    with pytest.raises(ContentError, match="no bar has that length"):
        load_lesson(folder, "demo")


def test_a_logarithm_needs_values_above_0(course: Path) -> None:
    runs = [
        {"flags": {"--rank": rank, "--seed": 0}, "exact_match": 1, "train": [[30, rank - 1]]} for rank in (1, 8, 64)
    ]
    for run in runs:
        run["validation"] = [[1, 1]]
    (course / "figures" / "rank.json").write_text(figure(runs))
    with pytest.raises(ContentError, match="the line 'rank-1' is not above 0 everywhere"):
        load_lesson(course / "demo" / "measured", "demo")


CHECKED = [
    ("en/figures.toml", "rank 8, the default", "rank 8, which is the default here", "width", "a label of 33 cells"),
    ("ko/figures.toml", "정확히 맞힌 질문", "정확히 맞힌 질문" * 6, "width", "a title of 96 cells"),
    ("en/figures.toml", 'x = "iteration"', f'x = "{"on and " * 12}on"', "width", "axes and legend take 3 lines"),
    ("lesson.toml", 'unit = "%"', 'unit = "of all questions"', "width", "18 cells, and there are 14"),
    ("ko/figures.toml", "{{one}}% 정답", "정답", "languages", "the number 'one' of the English text is missing"),
    ("ko/figures.toml", "정확히 맞힌 질문", "Not in Korean at all", "languages", "is not Korean"),
    ("en/figures.toml", "Questions answered", "TODO: Questions answered", "todo", "still to be written"),
    ("lesson.toml", 'value = "most"', 'value = "eight"', "unused", "no text, formula or bar uses the number 'most'"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new", "kind", "said"), CHECKED)
def test_the_check_looks_at_bars_and_charts(course: Path, file: str, old: str, new: str, kind: str, said: str) -> None:
    (course / "figures" / "trial.json").unlink()
    assert not [problem for problem in checked(course) if problem.severity == "error"]
    folder = lesson_with(course, file, old, new)
    found = [problem for problem in checked(course) if problem.kind == kind and said in problem.what]
    assert [problem.file for problem in found][:1] == [folder / file], checked(course)


def test_figures_and_texts_that_nothing_uses_are_listed(course: Path) -> None:
    found = [(problem.kind, problem.file.name) for problem in checked(course) if problem.severity == "error"]
    assert found == [("unlisted", "trial.json")]
    (course / "demo" / "measured" / "lesson.toml").write_text("id =")
    assert "trial.json" not in [problem.file.name for problem in checked(course)], "who knows what it would have named"
