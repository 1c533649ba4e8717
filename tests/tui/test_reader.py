"""Reading: scrolling, sections, language, place, code and links."""

from typing import Any

import pytest

from tui.panes.reader import ReaderPane
from tui.widgets.dialogs import LinksScreen

SMALL = (80, 24)
FIRST, SECOND, THIRD = "demo/thin#first", "demo/thin#second", "demo/thin#third"


def reader(pilot: Any) -> ReaderPane:
    return pilot.app.lesson_screen.query_one(ReaderPane)


def section(pilot: Any) -> str:
    found = reader(pilot).section
    return found.id if found else ""


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.main_path
async def test_opens_at_the_first_section_and_says_where_that_is(app: Any, opened: Any, text: Any) -> None:
    async with app().run_test(size=SMALL) as pilot:
        await opened(pilot)
        shown = text(pilot)
        assert section(pilot) == FIRST
        assert "Demo · 1/2" in shown and "A thin lesson" in shown and "Curious 0" in shown and "0/100" in shown
        assert pilot.app.focused is reader(pilot)


async def test_text_of_a_lesson_is_never_markup(app: Any, opened: Any, text: Any) -> None:
    async with app().run_test(size=(120, 40)) as pilot:
        await opened(pilot)
        assert "[bold red]nothing" in text(pilot)
        assert "[@click=app.quit]this" in text(pilot)


async def test_scrolls_by_line_page_and_to_both_ends(app: Any, opened: Any, until: Any) -> None:
    async with app().run_test(size=SMALL) as pilot:
        await opened(pilot)
        pane = reader(pilot)
        places = []
        for key in ("j", "down", "k", "up", "pagedown", "pageup", "G", "g", "end", "home"):
            await pilot.press(key)
            await pilot.pause()
            places.append(pane.scroll_offset.y)
        page, bottom = places[4], places[6]
        assert places[:4] == [1, 2, 1, 0]
        assert page > 2 and places[5] == 0
        assert bottom == pane.max_scroll_y >= page and places[7:] == [0, bottom, 0]


async def test_goes_from_section_to_section_and_stops_at_the_ends(app: Any, opened: Any) -> None:
    async with app().run_test(size=SMALL) as pilot:
        await opened(pilot)
        seen = []
        for key in ("n", "right", "n", "p", "left", "p"):
            await pilot.press(key)
            await pilot.pause()
            seen.append(section(pilot))
        assert seen == [SECOND, THIRD, THIRD, SECOND, FIRST, FIRST]


@pytest.mark.main_path
async def test_space_turns_pages_and_then_the_section(app: Any, opened: Any, until: Any) -> None:
    async with app().run_test(size=SMALL) as pilot:
        await opened(pilot)
        await pilot.press("space")
        await pilot.pause()
        assert section(pilot) == FIRST and reader(pilot).scroll_offset.y > 0
        await pilot.press("G", "space")
        await until(pilot, lambda: section(pilot) == SECOND)
        assert reader(pilot).scroll_offset.y == 0


async def test_letters_work_under_the_hangul_layout(app: Any, opened: Any, until: Any) -> None:
    async with app().run_test(size=SMALL) as pilot:
        await opened(pilot)
        await pilot.press("ㅓ", "ㅓ")
        await until(pilot, lambda: reader(pilot).scroll_offset.y == 2)
        await pilot.press("ㅜ")
        await until(pilot, lambda: section(pilot) == SECOND)
        await pilot.press("ㅋ")
        await until(pilot, lambda: pilot.app.lesson_screen.pane == "quiz")


@pytest.mark.main_path
async def test_changes_the_language_in_place(app: Any, opened: Any, until: Any, text: Any, events: Any) -> None:
    async with app().run_test(size=SMALL) as pilot:
        await opened(pilot)
        await pilot.press("n", "pagedown")
        await until(pilot, lambda: reader(pilot).block > 1)
        block = reader(pilot).block
        await pilot.press("l")
        await until(pilot, lambda: "문단은" in text(pilot))
        assert section(pilot) == SECOND and reader(pilot).block == block
        assert "호기심 0" in text(pilot) and "본문" in text(pilot) and "다음 절" in text(pilot)
        assert events("language.set") == [("language.set", "", {"lang": "ko"})]
        await pilot.press("f2")
        await until(pilot, lambda: "Paragraph" in text(pilot))
        assert reader(pilot).block == block


@pytest.mark.main_path
async def test_a_section_counts_as_read_at_a_human_pace_only(
    app: Any, opened: Any, until: Any, text: Any, events: Any
) -> None:
    async with app().run_test(size=SMALL) as pilot:
        clock = Clock()
        reader(pilot).clock = clock
        await opened(pilot)
        await pilot.press("n")
        await until(pilot, lambda: section(pilot) == SECOND)
        await pilot.press("G")
        await pilot.pause()
        assert events("section.read") == []
        clock.now += 600
        await pilot.press("k", "G")
        await until(pilot, lambda: events("section.read"))
        assert events("section.read") == [("section.read", SECOND, {"lang": "en"})]
        await until(pilot, lambda: "5/100" in text(pilot))
        await pilot.press("k", "G", "p", "n", "G")
        clock.now += 600
        await pilot.press("k", "G")
        await pilot.pause()
        assert len(events("section.read")) == 1


async def test_time_away_from_the_text_is_not_reading_time(app: Any, opened: Any, until: Any, events: Any) -> None:
    async with app().run_test(size=SMALL) as pilot:
        clock = Clock()
        reader(pilot).clock = clock
        await opened(pilot)
        await pilot.press("n", "G")
        await until(pilot, lambda: reader(pilot).at_end)
        await pilot.press("z")
        await until(pilot, lambda: not reader(pilot).display)
        await pilot.pause()
        clock.now += 600
        await pilot.press("b")
        await until(pilot, lambda: reader(pilot).display)
        await pilot.press("k", "G")
        await pilot.pause()
        assert events("section.read") == []


async def test_reopens_at_the_same_block(app: Any, opened: Any, until: Any, events: Any) -> None:
    async with app().run_test(size=SMALL) as pilot:
        await opened(pilot)
        await pilot.press("n", "pagedown")
        await until(pilot, lambda: reader(pilot).block > 1)
        block = reader(pilot).block
        await pilot.press("q")
    assert events("lesson.position")[-1] == ("lesson.position", "demo/thin", {"section": SECOND, "block": block})
    async with app().run_test(size=SMALL) as pilot:
        await opened(pilot)
        await until(pilot, lambda: reader(pilot).block == block)
        assert section(pilot) == SECOND
        await pilot.press("q")
    assert len(events("lesson.position")) == 2


async def test_copies_the_code_in_view_and_then_the_next(app: Any, opened: Any, until: Any, text: Any) -> None:
    async with app().run_test(size=(120, 40)) as pilot:
        await opened(pilot)
        await pilot.press("y")
        assert pilot.app.clipboard == "lowrank train --model sprout --data sql  # a comment"
        await until(pilot, lambda: "Copied: train.sh" in text(pilot))
        await pilot.press("y")
        assert pilot.app.clipboard.startswith("def count(rank: int")
        await pilot.press("n", "y")
        await until(pilot, lambda: "There is no code block in view." in text(pilot))


async def test_opens_web_addresses_only(app: Any, opened: Any, until: Any, text: Any, monkeypatch: Any) -> None:
    async with app().run_test(size=SMALL) as pilot:
        opened_urls: list[str] = []
        monkeypatch.setattr(pilot.app, "open_url", lambda url, new_tab=True: opened_urls.append(url))
        await opened(pilot)
        await pilot.press("o")
        await until(pilot, lambda: isinstance(pilot.app.screen, LinksScreen))
        assert "https://arxiv.org/abs/2106.09685" in text(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: opened_urls)
        pilot.app.lesson_screen.action_open_link("file:///etc/passwd")
        await until(pilot, lambda: "Not a web address" in text(pilot))
        assert opened_urls == ["https://arxiv.org/abs/2106.09685"]


async def test_a_link_in_the_text_is_opened_by_a_click(
    app: Any, opened: Any, until: Any, text: Any, monkeypatch: Any
) -> None:
    async with app().run_test(size=SMALL) as pilot:
        opened_urls: list[str] = []
        monkeypatch.setattr(pilot.app, "open_url", lambda url, new_tab=True: opened_urls.append(url))
        await opened(pilot)
        y = next(i for i, line in enumerate(text(pilot).splitlines()) if "the paper" in line)
        x = text(pilot).splitlines()[y].index("the paper")
        await pilot.click(offset=(x + 2, y))
        await until(pilot, lambda: opened_urls)
        assert opened_urls == ["https://arxiv.org/abs/2106.09685"]
