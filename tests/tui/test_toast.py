"""The unlock moment: one line at a time, to be skipped, on whatever screen one is."""

from pathlib import Path
from typing import Any

from catalogues import texts
from event_of import event_of
from styled_app import StyledApp
from textual.app import App, ComposeResult

from tui.actions import named_actions
from tui.widgets.toast import KEY, Toast, with_keys


class Shown(StyledApp):
    def compose(self) -> ComposeResult:
        yield Toast()


def line(app: App[None]) -> str:
    ribbon = app.query_one(Toast)
    return str(ribbon.render()) if ribbon.has_class("-shown") else ""


async def test_several_at_once_come_one_after_another_and_each_can_be_skipped() -> None:
    app = Shown()
    async with app.run_test() as pilot:
        ribbon = app.query_one(Toast)
        for text in ("one", "two", "three"):
            ribbon.say(text, "cheer")
        await pilot.pause()
        seen = [line(app)]
        while ribbon.skip():
            seen.append(line(app))
        assert seen == ["one", "two", "three", ""]


async def test_a_line_goes_by_itself(monkeypatch: Any, until: Any) -> None:
    monkeypatch.setattr("tui.widgets.toast.SECONDS", 0.01)
    app = Shown()
    async with app.run_test() as pilot:
        ribbon = app.query_one(Toast)
        ribbon.say("one", "cheer")
        ribbon.say("two", "cheer")
        await until(pilot, lambda: not ribbon.has_class("-shown"))


async def test_an_answer_to_a_key_comes_at_once_and_the_cheer_comes_back() -> None:
    app = Shown()
    async with app.run_test() as pilot:
        ribbon = app.query_one(Toast)
        ribbon.say("one", "cheer")
        ribbon.say("two", "cheer")
        ribbon.say("copied")
        await pilot.pause()
        seen = [line(app)]
        while ribbon.skip():
            seen.append(line(app))
        assert seen == ["copied", "one", "two", ""]


async def test_it_is_told_where_one_is(app: Any, opened: Any, until: Any, bench: Any, text: Any) -> None:
    async with app().run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await pilot.app.action_laboratory()
        laboratory = pilot.app.laboratory
        await until(pilot, lambda: laboratory.bench is not None)
        bench.finish(bench.run("20250101-000000-sql-lora"))
        last = event_of("finished", val_loss=1.25)
        await pilot.app.session.run_ended("20250101-000000-sql-lora", "finished", "LoRA", last)
        await until(pilot, lambda: "★ First light" in text(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: "★ First light" not in text(pilot))
        assert pilot.app.screen is laboratory
        await pilot.app.action_progress()
        page = pilot.app.progress_page
        await until(pilot, lambda: page.ready)
        pilot.app.session.record_evidence([("run.voted", "r", {"votes": 5})])
        await until(pilot, lambda: "★ Blind taste" in text(pilot))


def test_a_line_names_the_keys_of_where_one_is_and_nothing_else() -> None:
    text = "Named. ⟨runs.undo⟩ takes it back. Runs go on."
    assert with_keys(text, {"runs.undo": "alt+u"}) == "Named. alt+u takes it back. Runs go on."
    assert with_keys(text, {"app.quit": "u"}) == "Named. Runs go on.", "elsewhere that key does something else"
    assert with_keys("Nothing to fill in.", {}) == "Nothing to fill in."


def test_every_action_that_a_line_names_is_there() -> None:
    actions = named_actions()
    for lang in ("en", "ko"):
        named = {name for text in texts(lang).values() for name in KEY.findall(text)}
        assert named and named <= actions.keys()


async def test_a_line_follows_the_keys_from_place_to_place(
    app: Any, home: Path, opened: Any, until: Any, text: Any
) -> None:
    (home / "keys.toml").write_text('"app.quit" = "alt+q"\n')
    async with app().run_test(size=(100, 30)) as pilot:
        await opened(pilot)
        await pilot.press("ctrl+c")
        await until(pilot, lambda: "alt+q quits. Runs go on." in text(pilot))
        pilot.app.lesson_screen.tell("Kept. ⟨read.next⟩ goes on.")
        await until(pilot, lambda: "Kept. n goes on." in text(pilot))
        await pilot.press("z")
        await until(pilot, lambda: "Kept." in text(pilot) and "goes on." not in text(pilot))
