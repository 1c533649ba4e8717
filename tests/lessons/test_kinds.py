"""Orders, gaps, charts, hints and sizes that change: loaded, drawn, judged, and refused with file and line."""

import itertools
import json
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lessons.command_spelling import spelled
from lessons.course import LANGS, ContentError, Filled, NotGraded, Ordered
from lessons.formula import evaluate
from lessons.grading import grade, grade_choice, grade_flag, grade_number, grade_order
from lessons.loader import load_lesson
from lessons.question_variants import at, clashes, every_size, shown_steps
from lessons.series import MOST_POINTS, read_points, take

FOLDER = Path(__file__).parents[1] / "tui" / "tracks" / "demo" / "after"
LESSON = load_lesson(FOLDER, "demo")
ORDER, FLAG, TURN, DIVERGED, SIZES = LESSON.questions


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FOLDER, tmp_path / "after"))


def complaint(folder: Path) -> ContentError:
    with pytest.raises(ContentError) as error:
        load_lesson(folder, "demo")
    return error.value


# an order


@given(st.permutations([step.id for step in ORDER.options]))
def test_an_order_is_right_only_as_it_stands_in_the_lesson(given: list[str]) -> None:
    verdict = grade(ORDER, given)
    assert isinstance(verdict, Ordered)
    assert verdict.right == (given == ["split", "plan", "train", "measure"])
    assert [(step.id, given[place - 1]) for step, place in verdict.places] == [
        (step.id, step.id) for step in ORDER.options
    ]


@given(st.integers(min_value=0, max_value=10_000))
def test_steps_are_never_shown_in_the_right_order(attempt: int) -> None:
    shown = shown_steps(ORDER, attempt)
    assert shown != ORDER.options
    assert sorted(step.id for step in shown) == ["measure", "plan", "split", "train"]
    assert shown == shown_steps(ORDER, attempt)


def test_other_questions_are_shown_as_they_are() -> None:
    assert shown_steps(DIVERGED, 3) == DIVERGED.options
    assert at(DIVERGED, 3) is DIVERGED


def test_an_order_with_a_step_missing_is_not_graded() -> None:
    with pytest.raises(NotGraded, match="every step") as error:
        grade_order(ORDER, ["plan"])
    assert error.value.text["ko"].startswith("먼저")
    with pytest.raises(ValueError, match="'nope' is not a step"):
        grade_order(ORDER, ["nope"])
    with pytest.raises(ValueError, match="asks for an order"):
        grade_choice(ORDER, frozenset({"plan"}))
    with pytest.raises(ValueError, match="asks for a spelling"):
        grade_order(FLAG, [])


# a gap


@pytest.mark.parametrize(
    "typed",
    [
        "--rank 4",
        "--rank=4",
        " --rank   4 ",
        "—rank 4",
        "–rank 4",
        "`--rank 4`",
        "－－rank　４",
        '"--rank=4"',
        "--rank 04",
    ],
)
def test_what_a_shell_reads_alike_is_right(typed: str) -> None:
    verdict = grade_flag(FLAG, typed)
    assert verdict.right
    assert verdict.text == {"en": "--rank 4 it is.", "ko": "맞아요, --rank 4예요."}


@pytest.mark.parametrize("mistake", FLAG.gap.mistakes if FLAG.gap else (), ids=lambda mistake: mistake.id)
def test_each_known_mistake_has_its_own_words(mistake: object) -> None:
    assert FLAG.gap
    known = next(each for each in FLAG.gap.mistakes if each is mistake)
    for spelling in known.spellings:
        assert grade(FLAG, spelling) == Filled(False, known, known.feedback)
    assert "`--rank 4`" in known.feedback["en"]


def test_what_else_is_wrong_is_told_the_answer() -> None:
    assert FLAG.gap
    assert grade_flag(FLAG, "--rank 8") == Filled(False, None, FLAG.gap.off)
    assert grade_flag(FLAG, "--ra-nk 4").mistake is None
    assert FLAG.gap.filled("--rank 4") == "lowrank train --model sprout --data sql --rank 4 --iters 100"
    with pytest.raises(NotGraded, match="in the gap"):
        grade_flag(FLAG, " \t")
    with pytest.raises(ValueError, match="asks for a number"):
        grade_flag(SIZES, "--rank 4")


@given(st.text(max_size=300))
def test_anything_typed_has_one_spelling(text: str) -> None:
    once = spelled(text)
    assert len(spelled(once)) <= len(once)
    assert "  " not in once


# sizes


@given(st.integers(min_value=0, max_value=10**30))
def test_every_attempt_has_other_sizes_and_the_same_for_everybody(attempt: int) -> None:
    one, other = at(SIZES, attempt), at(SIZES, attempt + 1)
    assert one.number and other.number and SIZES.number
    assert one == at(at(SIZES, 7), attempt)
    assert one.number.parameters["inputs"] != other.number.parameters["inputs"]
    assert one.number.parameters["r"] != other.number.parameters["r"]
    assert one.number.parameters["inputs"] in range(512, 4097, 512)


def test_all_sizes_come_before_one_comes_again() -> None:
    drawn = [at(SIZES, attempt).number for attempt in range(8)]
    assert {number.parameters["inputs"] for number in drawn if number} == set(range(512, 4097, 512))
    assert SIZES.number and SIZES.number.parameters == {"inputs": 512, "r": 4}, "the first of each, at first"


@given(st.integers(min_value=0, max_value=100))
def test_answer_misconceptions_and_texts_follow_the_sizes(attempt: int) -> None:
    question = at(SIZES, attempt)
    assert question.number
    names = question.number.parameters
    truth = evaluate(question.number.formula, names)
    assert truth == 2 * names["r"] * names["inputs"]
    right, half = grade_number(question, str(truth)), grade_number(question, str(truth / 2))
    assert right.kind == "exact" and half.misconception and half.misconception.id == "half"
    for lang in LANGS:
        texts = (question.prompt[lang], right.text[lang], half.text[lang])
        assert all("{{" not in text for text in texts)
        assert all(f"{names['inputs']:,}" in text for text in texts)


def test_sizes_that_a_number_could_not_be_told_apart_for_are_found() -> None:
    answer = SIZES.number
    assert answer
    assert len(list(every_size(answer))) == 24
    assert not any(clashes(answer, names) for names in every_size(answer))
    assert clashes(answer, {"inputs": 0, "r": 4}) == [("", "half")]


# a chart


def test_a_chart_and_what_is_read_off_it() -> None:
    assert TURN.chart and TURN.number and DIVERGED.chart
    assert [(line.id, line.title["ko"], len(line.points)) for line in TURN.chart.lines] == [
        ("train", "training", 11),
        ("validation", "validation", 6),
    ]
    assert TURN.number.parameters == {"best": 120, "top": 1}
    assert grade_number(TURN, "120").kind == "exact"
    assert grade_number(TURN, "1").kind == "misconception"
    assert (TURN.chart.log_y, DIVERGED.chart.log_y) == (False, True)


def test_what_can_be_taken_from_a_line() -> None:
    points = ((0.0, 4.0), (10.0, 1.5), (20.0, 9.0), (30.0, 2.0))
    found = [take(points, what) for what in ("lowest", "highest", "x-of-lowest", "x-of-highest", "first", "last")]
    assert found == [1.5, 9, 10, 20, 4, 2]
    assert isinstance(found[2], int)


@pytest.mark.parametrize(
    ("name", "text", "line", "message"),
    [
        ("a.csv", "", 1, "a row of different names"),
        ("a.csv", "x,a,a\n", 1, "a row of different names"),
        ("a.csv", "x,a\n1,2\n3\n", 3, "has 1 cells, not 2"),
        ("a.csv", "x,a\n1,2\n\n3,nan\n", 4, "no finite number"),
        ("a.csv", "x,a\n,2\n", 2, "no finite number"),
        ("a.csv", "x,a\n" + "1,2\n" * (MOST_POINTS + 1), 1, "more than 10,000 points"),
        ("a.json", "{\n,", 2, "is not JSON"),
        ("a.json", "[" * 100_000, 1, "is not JSON"),
        ("a.json", "[]", 1, "must be"),
        ("a.json", '{"a": [],\n"b": [[1]]}', 2, "'b' must be a list of [x, y]"),
        ("a.json", '{"a": [[1, 1e999]]}', 1, "'a' must be"),
        ("a.json", '{"a": [[true, 1]]}', 1, "'a' must be"),
        ("a.txt", "", 1, "from .csv or .json"),
    ],
)
def test_a_data_file_that_cannot_be_used_is_named(
    tmp_path: Path, name: str, text: str, line: int, message: str
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(ContentError) as error:
        read_points(tmp_path / name)
    assert message in error.value.message
    assert (error.value.file, error.value.line) == (tmp_path / name, line)


def test_points_come_in_order_of_x(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps({"a": [[3, 1], [1, 2]]}))
    assert read_points(tmp_path / "a.json") == {"a": ((1.0, 2.0), (3.0, 1.0))}


# hints


def test_hints_are_there_in_both_languages_and_follow_the_sizes(folder: Path) -> None:
    assert [len(question.hints) for question in LESSON.questions] == [2, 0, 1, 0, 0]
    change(folder / "lesson.toml", 'id = "sizes"', 'id = "sizes"\nhints = 1')
    for lang in LANGS:
        change(folder / lang / "quiz.toml", "[sizes]", '[sizes]\nhints = ["{{r}} × {{inputs}}"]')
    question = load_lesson(folder, "demo").questions[-1]
    assert [at(question, n).hints[0]["ko"] for n in range(2)] == ["4 × 512", "8 × 3,072"]


# mistakes

MISTAKES = [
    ("lesson.toml", '"split", "plan", ', '"split", ', "'plan' is not a key known here", "en/quiz.toml", "plan"),
    ("lesson.toml", '"train", "measure"]', "]", "from 3 to 9 steps", "lesson.toml", "steps"),
    ("lesson.toml", "hints = 2", "hints = 4", "at most 3 hints", "lesson.toml", "hints = 4"),
    ("lesson.toml", "hints = 2", "hints = 1", "must be 1 texts", "en/quiz.toml", "hints"),
    ("lesson.toml", "hints = 2", "", "'hints' is not a key known", "en/quiz.toml", "hints"),
    ("ko/quiz.toml", '", "계획을 세우는', " ", "must be 2 texts", "ko/quiz.toml", "hints"),
    ("lesson.toml", "sql ___ --", "sql --", "must hold ___ once", "lesson.toml", "command"),
    ("lesson.toml", "sql ___ --", "sql ____ --", "must hold ___ once", "lesson.toml", "command"),
    ("lesson.toml", "sql ___ --", "{{sql}} ___", "{{sql}} is not among", "lesson.toml", "command"),
    ("lesson.toml", '["--rank 4", "--rank 04"]', "[]", "must list the spellings", "lesson.toml", "accept"),
    ("lesson.toml", '"--lora-rank 4"', '"--rank=4"', "stands in 'accept' already", "lesson.toml", "underscored"),
    ("lesson.toml", '"--RANK 4"', '"--lora-rank 4"', "stands in 'underscored'", "lesson.toml", "in-capitals"),
    ("lesson.toml", '["--Rank 4", "--RANK 4"]', "[]", "at least one spelling", "lesson.toml", "in-capitals"),
    ("ko/quiz.toml", "mistakes.in-capitals", "mistakes.capitals", "'in-capitals' is missing", "ko/quiz.toml", ""),
    ("lesson.toml", 'take = "x-of-lowest"', 'take = "end"', "must be one of lowest", "lesson.toml", "best"),
    (
        "lesson.toml",
        '{ line = "validation", take = "x-of-lowest"',
        '{ line = "test", take = "last"',
        "no line 'test'",
        "lesson.toml",
        'line = "test"',
    ),
    (
        "lesson.toml",
        "from = 512, to = 4096, step",
        "from = 512, to = 512, step",
        "draws from 1 sizes",
        "lesson.toml",
        "inputs",
    ),
    ("lesson.toml", "to = 4096, step = 512", "to = 4096", "from 2 to 1,000", "lesson.toml", "inputs"),
    ("lesson.toml", "among = [4, 8, 16]", "among = [4, 4]", "names something twice", "lesson.toml", "among"),
    ("lesson.toml", "among = [4, 8, 16]", "among = [0, 4]", "whole numbers of at least 1", "lesson.toml", "among"),
    ("lesson.toml", "step = 512", "stride = 512", "from 2 to 1,000", "lesson.toml", "inputs"),
    (
        "lesson.toml",
        '"train", "validation"]',
        '"test"]',
        "no points for the line 'test'",
        "lesson.toml",
        'lines = ["test"]',
    ),
    ("lesson.toml", "log_y = true", "log_y = 1", "must be true or false", "lesson.toml", "log_y"),
    ("lesson.toml", '"curves.csv"', '"curve.csv"', "cannot be read", "data/curve.csv", ""),
    ("data/rates.json", "[20, 2.8]", "[20, -2.8]", "not above 0 everywhere", "lesson.toml", "log_y"),
    (
        "ko/quiz.toml",
        'x = "반복", y = "loss", lines = { low',
        'x = "반복", lines = { low',
        "'y' is missing",
        "ko/quiz.toml",
        "",
    ),
    ("en/quiz.toml", ', high = "1e-1"', "", "'high' is missing", "en/quiz.toml", ""),
    (
        "en/quiz.toml",
        'right = "{{answer}}',
        'right = "{{anser}}',
        "{{anser}} is not among",
        "en/quiz.toml",
        'right = "{{anser}}',
    ),
]


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize(("file", "old", "new", "message", "where", "at"), MISTAKES)
def test_a_mistake_is_named_with_file_and_line(
    folder: Path, file: str, old: str, new: str, message: str, where: str, at: str
) -> None:
    change(folder / file, old, new)
    error = complaint(folder)
    assert message in error.message
    assert error.file == folder / where
    if at:
        assert at in error.file.read_text(encoding="utf-8").splitlines()[error.line - 1]


def test_the_two_languages_ask_the_same() -> None:
    for question, other in itertools.combinations(LESSON.questions, 2):
        assert question.id != other.id
    for question in LESSON.questions:
        assert question.prompt["en"] != question.prompt["ko"]


def test_sizes_of_the_first_lesson_never_clash() -> None:
    from lessons.loader import load_course

    numbers = [q.number for q in load_course().lesson("lora/why-lora").questions if q.number]
    assert [len(number.sizes) for number in numbers] == [1, 3, 2]
    assert not [names for number in numbers for names in every_size(number) if clashes(number, names)]
