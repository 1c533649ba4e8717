"""Logs as each release wrote them: every later version reads them, and comes to the same."""

import importlib.util
import json
import shutil
from pathlib import Path
from types import ModuleType

import pytest
from learned import COURSE

from store import transfer
from store.event_log import EventLog
from store.progress import replay
from store.sync import sync

FIXTURES = Path(__file__).with_name("fixtures")
RELEASES = sorted(path.parent.name for path in FIXTURES.glob("*/state.json"))


@pytest.fixture(scope="module")
def release() -> ModuleType:
    spec = importlib.util.spec_from_file_location("release", Path(__file__).with_name("release.py"))
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_there_is_one_for_this_version() -> None:
    assert "0.1.0" in RELEASES


@pytest.mark.parametrize("version", RELEASES)
@pytest.mark.parametrize("way", ["log", "export", "shared"])
def test_the_log_of_a_release_comes_to_what_it_came_to_then(
    tmp_path: Path, release: ModuleType, version: str, way: str
) -> None:
    fixture = shutil.copytree(FIXTURES / version, tmp_path / "fixture")
    log = EventLog(fixture if way == "log" else tmp_path / "progress")
    if way == "export":
        transfer.import_(log, fixture / "export.json")
    if way == "shared":
        sync(log.folder, fixture / "shared")
        log.reload()
    assert log.notices == []
    assert log.events() == EventLog(fixture).events() != ()
    then = json.loads((fixture / "state.json").read_text("utf-8"))
    found = release.state(replay(log.events(), COURSE))
    # A later version may know more achievements and pay for more; it takes nothing back.
    for key in ("achievements", "awards"):
        assert [each for each in then[key] if each not in found[key]] == []
    more = {"achievements", "awards", "xp", "level"}
    assert {key: found[key] for key in then if key not in more} == {k: v for k, v in then.items() if k not in more}
    assert found["xp"] >= then["xp"]


def test_a_log_from_before_the_first_release_is_read_too(tmp_path: Path) -> None:
    log = EventLog(shutil.copytree(FIXTURES / "0.1", tmp_path / "progress"))
    assert log.notices == []
    assert len(log.events()) == 12
    progress = replay(log.events(), COURSE)
    assert progress.xp == 5 + 5 + 10 + 10 + 10
    assert progress.achievements == ("two-tongues", "first-light", "close-call")
    assert progress.exercises["lora/one!count"].sentences == "Every linear layer is adapted. 나는 하나만 세었다."
    assert (progress.language, progress.position) == ("en", {"lora/one": "lora/one#b"})
    assert log.append("language.set", payload={"lang": "ko"}).device == "00f1c7a5e0000001"
