"""The quiz: three kinds of questions, and what is said about every option afterwards."""

from typing import Any

import pytest

import lessons.grading
from tui.panes.quiz import QuizPane
from tui.widgets.form_field import NumberField

SMALL = (80, 24)
ONE, MANY, NUMBER = "demo/thin?one", "demo/thin?many", "demo/thin?number"


def quiz(pilot: Any) -> QuizPane:
    return pilot.app.lesson_screen.query_one(QuizPane)


async def at_quiz(pilot: Any, opened: Any, until: Any, question: str = ONE) -> None:
    await opened(pilot)
    await pilot.press("z")
    await until(pilot, lambda: pilot.app.focused is quiz(pilot))
    for _ in range((ONE, MANY, NUMBER).index(question)):
        await pilot.press("n")
    await until(pilot, lambda: quiz(pilot).sheet.question.id == question)
    if question == NUMBER:
        assert pilot.app.focused is quiz(pilot)
        await pilot.press("enter")


@pytest.mark.main_path
async def test_one_of_many_explains_every_option(app: Any, opened: Any, until: Any, text: Any, events: Any) -> None:
    async with app().run_test(size=SMALL) as pilot:
        await at_quiz(pilot, opened, until)
        assert "Question 1/3" in text(pilot) and "Is [red]this[/] a thin question?" in text(pilot)
        assert "Because it says so." not in text(pilot)
        await pilot.press("1", "enter")
        await until(pilot, lambda: "Right." in text(pilot))
        shown = text(pilot)
        for why in ("Because it says so.", "It says so itself.", "There is nothing to weigh."):
            assert why in shown
        assert shown.count("✗") == 2 and "your choice" in shown and "7/100" in shown
        assert events("question.answered") == [("question.answered", ONE, {"right": True, "chosen": ["yes"]})]


async def test_a_wrong_answer_can_be_tried_again(app: Any, opened: Any, until: Any, text: Any, events: Any) -> None:
    async with app().run_test(size=SMALL) as pilot:
        await at_quiz(pilot, opened, until)
        await pilot.press("down", "space", "enter")
        await until(pilot, lambda: "Not quite." in text(pilot))
        assert "belongs to the answer" in text(pilot) and "try again" in text(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: not quiz(pilot).sheet.graded)
        assert quiz(pilot).sheet.chosen == []
        await pilot.press("ㅓ", "up", "up", "enter")
        await until(pilot, lambda: "Right." in text(pilot))
        assert [payload["right"] for _, _, payload in events("question.answered")] == [False, True]
        assert "5/100" in text(pilot)


async def test_several_of_many_by_digits_and_by_mouse(
    app: Any, opened: Any, until: Any, text: Any, events: Any
) -> None:
    async with app().run_test(size=SMALL) as pilot:
        await at_quiz(pilot, opened, until, MANY)
        await pilot.press("1", "2", "2")
        await until(pilot, lambda: quiz(pilot).sheet.chosen == ["a"])
        y = next(i for i, line in enumerate(text(pilot).splitlines()) if "The third." in line)
        await pilot.click(offset=(10, y))
        await until(pilot, lambda: quiz(pilot).sheet.chosen == ["a", "c"])
        await pilot.press("enter")
        await until(pilot, lambda: "Right." in text(pilot))
        assert events("question.answered") == [("question.answered", MANY, {"right": True, "chosen": ["a", "c"]})]


@pytest.mark.main_path
async def test_a_number_is_understood_and_its_misconception_named(
    app: Any, opened: Any, until: Any, text: Any, events: Any
) -> None:
    async with app().run_test(size=SMALL) as pilot:
        await at_quiz(pilot, opened, until, NUMBER)
        await until(pilot, lambda: isinstance(pilot.app.focused, NumberField))
        await pilot.press(*"8k", "enter")
        await until(pilot, lambda: "8,000 is one half of 16,000." in text(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.focused, NumberField))
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.focused is quiz(pilot))
        await pilot.press(*"1.6만", "enter")
        await until(pilot, lambda: "Yes, 16,000." in text(pilot))
        assert [payload for _, _, payload in events("question.answered")] == [
            {"right": False, "chosen": "8k"},
            {"right": True, "chosen": "1.6만", "attempt": 1},
        ]


async def test_what_cannot_be_graded_is_not_wrong(
    app: Any, opened: Any, until: Any, text: Any, events: Any, monkeypatch: Any
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("the grader is out")

    async with app().run_test(size=SMALL) as pilot:
        await at_quiz(pilot, opened, until, NUMBER)
        await until(pilot, lambda: isinstance(pilot.app.focused, NumberField))
        await pilot.press(*"many", "enter")
        await until(pilot, lambda: "Not graded: This is not a number" in text(pilot))
        await pilot.press("escape", "p")
        await until(pilot, lambda: quiz(pilot).sheet.question.id == MANY)
        await pilot.press("enter")
        await until(pilot, lambda: "Not graded: Choose an option first." in text(pilot))
        monkeypatch.setattr(lessons.grading, "grade_choice", broken)
        await pilot.press("1", "enter")
        await until(pilot, lambda: "the grader is out" in text(pilot))
        assert "Not quite" not in text(pilot) and events("question.answered") == []


@pytest.mark.main_path
async def test_answers_are_there_after_a_restart(app: Any, opened: Any, until: Any, text: Any) -> None:
    async with app().run_test(size=SMALL) as pilot:
        await at_quiz(pilot, opened, until)
        await pilot.press("1", "enter", "enter")
        await until(pilot, lambda: quiz(pilot).sheet.question.id == MANY)
        await pilot.press("q")
    async with app().run_test(size=SMALL) as pilot:
        await opened(pilot)
        await pilot.press("z")
        await until(pilot, lambda: "Question 2/3 · 1 right" in text(pilot))
        assert "7/100" in text(pilot) and "Quiz 1/3" in text(pilot)
        await pilot.press("p")
        await until(pilot, lambda: "your choice" in text(pilot))
        assert quiz(pilot).sheet.chosen == ["yes"]


async def test_a_whole_quiz_right_at_the_first_try_is_celebrated_in_one_line(
    app: Any, opened: Any, until: Any, text: Any
) -> None:
    async with app().run_test(size=SMALL) as pilot:
        await at_quiz(pilot, opened, until)
        await pilot.press("1", "enter", "enter")
        await until(pilot, lambda: quiz(pilot).sheet.question.id == MANY)
        await pilot.press("1", "3", "enter", "enter")
        await until(pilot, lambda: isinstance(pilot.app.focused, NumberField))
        await pilot.press(*"16000", "enter")
        await until(pilot, lambda: "★ Full marks" in text(pilot))
        assert "21/100" in text(pilot) and "All answered rightly." in text(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: "★" not in text(pilot))
        assert pilot.app.lesson_screen.pane == "quiz"


async def test_a_question_keeps_its_answer_when_the_language_changes(
    app: Any, opened: Any, until: Any, text: Any
) -> None:
    async with app().run_test(size=SMALL) as pilot:
        await at_quiz(pilot, opened, until)
        await pilot.press("1", "enter")
        await until(pilot, lambda: "Right." in text(pilot))
        await pilot.press("l")
        await until(pilot, lambda: "맞았어요." in text(pilot))
        assert "문제에 그렇게 쓰여 있어요." in text(pilot) and "문제 1/3" in text(pilot)


async def test_what_is_no_number_is_explained_in_the_learners_language(
    app: Any, opened: Any, until: Any, text: Any
) -> None:
    async with app(lang="ko").run_test(size=SMALL) as pilot:
        await at_quiz(pilot, opened, until, NUMBER)
        await until(pilot, lambda: isinstance(pilot.app.focused, NumberField))
        await pilot.press(*"many", "enter")
        await until(pilot, lambda: "채점하지 않았어요: 숫자로 읽을 수 없어요" in text(pilot))
        assert "This is not" not in text(pilot)
