"""What holds for every test."""

import gc
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# A machine that trains beside the tests makes any single example slow. `make test-long` tries more of them.
settings.register_profile("lowrank", deadline=None, max_examples=25)
settings.register_profile("thorough", deadline=None, max_examples=250)
settings.load_profile("lowrank")

# Whatever terminal, language and settings the tests are started with, they see these.
for name in [each for each in os.environ if each.startswith(("LOWRANK_", "TEXTUAL", "LC_", "LANG"))]:
    if name != "TEXTUAL_SNAPSHOT_TEMPDIR":  # where the plugin for pictures has its workers put their findings
        del os.environ[name]
for name in ("COLORTERM", "NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS", "LINES"):
    os.environ.pop(name, None)
os.environ |= {"TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}  # one that every Linux has

# An engine that compiles all of transformers each time starts three times as slowly.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# A shell lets what it starts in the background ignore Ctrl-C, and so would every program that a test starts.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Widgets come and go by the thousand, and Python would look through all of them for garbage again and again.
gc.set_threshold(100_000, 20, 20)

# Each worker trains beside the others, and BLAS threads of several processes wait for one another by spinning.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


OPENED = {"app", "host", "snap_compare", "desk", "trained"}
"""What opens the program, or runs a command or an engine."""


LONGEST = ("e2e", "lab", "tui")
"""Folders whose files take longest: what trains, and what opens the program."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Half as many again as there are cores: a third of the time of a test is waiting for a screen or an engine."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return cores + cores // 2


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """`make test-fast` leaves out whatever trains, takes a picture or opens the program, but for the main paths.

    Files without a screen come last. They are short, so all workers end at about the same time.
    """
    if not config.pluginmanager.has_plugin("randomly"):
        items.sort(key=lambda item: item.path.relative_to(config.rootpath / "tests").parts[0] not in LONGEST)
    for item in items:
        there = str(item.path.relative_to(item.config.rootpath / "tests"))
        opens = OPENED & set(getattr(item, "fixturenames", ())) or there.startswith(
            ("e2e", os.path.join("lab", "engine"))
        )
        if opens and not item.get_closest_marker("main_path"):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def common_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all workers, for what is costly to make; whoever makes it holds a lock."""
    root = tmp_path_factory.getbasetemp()
    return root.parent if "PYTEST_XDIST_WORKER" in os.environ else root


@pytest.fixture(scope="session", autouse=True)
def home_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Nothing that a test starts may write to the developer's own home."""
    before = os.environ.get("LOWRANK_HOME")
    home = tmp_path_factory.mktemp("home")
    os.environ["LOWRANK_HOME"] = str(home)
    yield home
    if before is None:
        del os.environ["LOWRANK_HOME"]
    else:
        os.environ["LOWRANK_HOME"] = before
