"""Orders, gaps, charts, changing sizes, hints and how sure one is: by keyboard, by mouse and after a restart."""

from pathlib import Path
from typing import Any

import pytest

from lessons.course import Question
from lessons.grading import NotANumber
from lessons.loader import load_course
from store.event_log import EventLog
from store.progress import Answered
from tui.panes.quiz import QuizPane
from tui.panes.quiz_sheet import Sheet
from tui.widgets.form_field import LineField
from tui.widgets.lesson_charts import ChartView, chart_lines

TRACKS = Path(__file__).parent / "tracks"
QUESTIONS = load_course(TRACKS).lesson("demo/after").questions
ORDER, FLAG, TURN, DIVERGED, SIZES = QUESTIONS
SMALL = (80, 24)


def quiz(pilot: Any) -> QuizPane:
    return pilot.app.lesson_screen.query_one(QuizPane)


def sheet(pilot: Any) -> Sheet:
    found = quiz(pilot).sheet
    assert found
    return found


@pytest.fixture
def at_quiz(home: Path, opened: Any, until: Any) -> Any:
    log = EventLog(home / "progress")
    log.append("lesson.position", "demo/after", {"section": "demo/after#only"})
    for lang in ("en", "ko"):  # else it counts as read, for 5 XP, if the quiz is late in covering it
        log.append("section.read", "demo/after#only", {"lang": lang})

    async def go(pilot: Any, question: Question) -> None:
        await opened(pilot)
        await pilot.press("z")
        await until(pilot, lambda: pilot.app.focused is quiz(pilot) or isinstance(pilot.app.focused, LineField))
        if isinstance(pilot.app.focused, LineField):
            await pilot.press("escape")
        for _ in QUESTIONS:
            if sheet(pilot).asked.id != question.id:
                step = "n" if QUESTIONS.index(sheet(pilot).asked) < QUESTIONS.index(question) else "p"
                before = sheet(pilot).asked.id
                await pilot.press(step)
                await until(pilot, lambda before=before: sheet(pilot).asked.id != before)

    return go


def line_of(shown: str, words: str) -> int:
    return next(i for i, line in enumerate(shown.splitlines()) if words in line)


async def test_an_order_by_keys_and_mouse_with_a_hint_that_says_its_price(
    app: Any, at_quiz: Any, until: Any, text: Any, events: Any
) -> None:
    async with app().run_test(size=SMALL) as pilot:
        await at_quiz(pilot, ORDER)
        shown = text(pilot)
        assert "h  a hint: takes 2 of the 5 XP of this question" in shown and "put aside before" not in shown
        assert [s.id for s in sheet(pilot).rows] == ["train", "measure", "split", "plan"]
        await pilot.press("h")
        await until(pilot, lambda: "Hint 1 of 2 takes 2 XP off this question." in text(pilot))
        assert events("hint.used") == []
        await pilot.click(offset=(10, line_of(text(pilot), "Hint 1 of 2")))
        await until(pilot, lambda: "put aside before" in text(pilot))
        assert "a hint: takes 2 of the 3 XP" in text(pilot)
        assert events("hint.used") == [("hint.used", ORDER.id, {"hint": 1})]
        await pilot.press("1", "ㅗ", "enter")
        await until(pilot, lambda: "Not graded: Give every step its place first." in text(pilot))
        assert sheet(pilot).chosen == ["train"] and not sheet(pilot).hint_asked
        await pilot.press("1", "3", "down", "space")
        await pilot.click(offset=(10, line_of(text(pilot), "Train.")))
        await until(pilot, lambda: "1 [3] Train." in text(pilot))
        await pilot.press("2", "enter")
        await until(pilot, lambda: "Right." in text(pilot))
        assert "What is measured on must never" in text(pilot) and "10/100" in text(pilot)
        right = {"right": True, "chosen": ["split", "plan", "train", "measure"]}
        assert events("question.answered") == [("question.answered", ORDER.id, right)]


async def test_a_flag_in_a_field_and_how_sure_one_is(
    app: Any, at_quiz: Any, until: Any, text: Any, events: Any
) -> None:
    async with app().run_test(size=SMALL) as pilot:
        await at_quiz(pilot, FLAG)
        assert "lowrank train --model sprout --data sql ______ --iters 100" in text(pilot)
        await pilot.press("enter", *"--lora-rank=4", "f7", "f7", "f7")
        await until(pilot, lambda: "● certain" in text(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: "That is a key of a file, not a flag: --rank 4." in text(pilot))
        shown = text(pilot)
        assert "sql --rank 4 --iters 100" in shown and "You were certain, and it was wrong" in shown
        assert "So far" not in shown
        await pilot.press("n", "n")
        await until(pilot, lambda: sheet(pilot).asked.id == DIVERGED.id)
        await pilot.press("G")
        await until(pilot, lambda: "How sure are you?" in text(pilot))
        y = line_of(text(pilot), "How sure are you?")
        await pilot.click(offset=(text(pilot).splitlines()[y].index("certain"), y))
        await until(pilot, lambda: sheet(pilot).confidence == "certain")
        await pilot.press("s")
        assert sheet(pilot).confidence == ""
        await pilot.press("ㄴ", "s", "s", "3", "enter")
        await until(pilot, lambda: "So far 1 of 2 first answers called “certain”" in text(pilot))
        assert "were right." in text(pilot)
        assert events("question.answered") == [
            ("question.answered", FLAG.id, {"right": False, "chosen": "--lora-rank=4", "confidence": "certain"}),
            ("question.answered", DIVERGED.id, {"right": True, "chosen": ["high"], "confidence": "certain"}),
        ]


async def test_sizes_change_with_every_try_and_a_restart_shows_those_that_were_answered(
    app: Any, at_quiz: Any, until: Any, text: Any, events: Any
) -> None:
    async with app().run_test(size=SMALL) as pilot:
        await at_quiz(pilot, TURN)
        await pilot.press("h", "h")
        await until(pilot, lambda: sheet(pilot).hints == {1})
        await pilot.press("n", "n")
        await until(pilot, lambda: sheet(pilot).asked.id == SIZES.id)
        assert "512 inputs" in text(pilot) and "rank 4?" in text(pilot)
        await pilot.press("enter", *"2048", "enter")
        await until(pilot, lambda: "2,048 is 4 × 512, one half of 4,096." in text(pilot))
        assert "try again with other numbers" in text(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: "3,072 inputs" in text(pilot) and "rank 8?" in text(pilot))
        await pilot.press(*"49152", "enter")
        await until(pilot, lambda: "Yes, 2 × 8 × 3,072 = 49,152." in text(pilot))
        assert [payload for _, _, payload in events("question.answered")] == [
            {"right": False, "chosen": "2048"},
            {"right": True, "chosen": "49152", "attempt": 1},
        ]
        await pilot.press("q")
    async with app().run_test(size=SMALL) as pilot:
        await at_quiz(pilot, SIZES)
        await until(pilot, lambda: "Yes, 2 × 8 × 3,072 = 49,152." in text(pilot))
        await pilot.press("p", "p")
        await until(pilot, lambda: sheet(pilot).asked.id == TURN.id)
        assert sheet(pilot).hints == {1} and not sheet(pilot).more_hints


# what it looks like

PICTURES = [
    ("order-asked", "ko", SMALL, ORDER, ["3", "1", "h", "s"]),
    ("order-graded", "en", (120, 40), ORDER, ["h", "h", "4", "1", "2", "3", "enter"]),
    ("flag-open", "en", SMALL, FLAG, []),
    ("flag-mistaken", "ko", (120, 40), FLAG, ["enter", *"--RANK 4", "f7", "f7", "enter"]),
    ("chart-to-read", "ko", SMALL, TURN, []),
    ("chart-chosen", "en", (120, 40), DIVERGED, ["1", "enter"]),
]


@pytest.mark.parametrize(
    ("name", "lang", "size", "question", "keys"),
    [
        pytest.param(*case, id=case[0], marks=() if case[0] in ("order-graded", "chart-to-read") else pytest.mark.long)
        for case in PICTURES
    ],
)
def test_picture(
    app: Any,
    at_quiz: Any,
    until: Any,
    snap_compare: Any,
    name: str,
    lang: str,
    size: Any,
    question: Question,
    keys: list[str],
) -> None:
    async def run_before(pilot: Any) -> None:
        """The cursor must not blink; the lab pane has pictures of its own."""
        await at_quiz(pilot, question)
        for key in keys:
            await pilot.press("space" if key == " " else key)
            await pilot.pause()
        await until(pilot, lambda: all(chart.plotext is not None for chart in pilot.app.screen.query(ChartView)))
        for lab in pilot.app.lesson_screen.query("#lab > *"):
            lab.visible = False
        for field in pilot.app.screen.query(LineField):
            field.cursor_blink = False
        await pilot.pause()

    assert snap_compare(app(lang), terminal_size=size, run_before=run_before)


# the sheet by itself


def test_an_order_is_taken_up_and_put_down_and_kept_as_given() -> None:
    sheet = Sheet(ORDER)
    for number in (0, 1, 0, 2):
        assert sheet.choose(number)
    assert sheet.answer == ["measure", "split"]
    assert not sheet.grade() and sheet.trouble is not None and not sheet.missed
    for number in (0, 3):
        sheet.choose(number)
    assert sheet.grade() and not sheet.right_now
    assert sheet.rows == ORDER.options and not sheet.choose(0)
    before = Sheet(ORDER).rows
    sheet.clear()
    assert (sheet.chosen, sheet.attempt) == ([], 1) and sheet.rows != before


def test_what_is_restored() -> None:
    order = [step.id for step in ORDER.options]
    right = Sheet.restored(ORDER, Answered(True, 2, False, order, 4), {1})
    assert right.right_now and right.attempt == 4 and right.hints == {1}
    assert Sheet.restored(SIZES, Answered(True, 1, True, "49152", 1)).right_now
    stale = Sheet.restored(SIZES, Answered(True, 1, True, "49152", 0))
    assert stale.right and not stale.graded and stale.attempt == 1
    again = Sheet.restored(SIZES, Answered(False, 1, False, "1", 0))
    assert again.missed and again.question.prompt["en"] != SIZES.prompt["en"]
    odd = Sheet.restored(ORDER, Answered(True, 1, True, ["split", 3, None], 10**30))
    assert not odd.graded and odd.attempt == 10**30 + 1


def test_the_price_of_hints_falls_to_nothing_once_the_question_is_right() -> None:
    sheet = Sheet(ORDER)
    assert sheet.price() == (2, 5)
    sheet.hints = {1}
    assert (sheet.price(), sheet.next_hint(), sheet.more_hints) == ((2, 3), 2, True)
    sheet.right = True
    assert sheet.price() == (0, 0)
    sheet.hints = {1, 2}
    assert not sheet.more_hints


@pytest.mark.parametrize("width", [70, 40, 20])
def test_a_chart_fits_its_width_in_both_languages(width: int) -> None:
    import plotext

    for question in (TURN, DIVERGED):
        assert question.chart
        for lang in ("en", "ko"):
            lines = chart_lines(question.chart, lang, plotext, 14)(width)  # type: ignore[arg-type]
            assert len(lines) == 14 and all(line.cell_length <= width for line in lines)
            assert "◆" in "".join(line.plain for line in lines[1:])


def test_why_something_is_not_graded_is_said_in_the_learners_language() -> None:
    sheet = Sheet(DIVERGED)
    sheet.trouble = NotANumber("No", "아니요")
    assert "아니요" in sheet.verdict("ko")(70)[0].plain
    asked = Sheet(FLAG)
    assert not asked.grade()
    assert "먼저 빈칸에" in asked.verdict("ko")(70)[0].plain
