"""What libraries print goes to a file if it can be written, and a question to the engine needs none."""

import os
from pathlib import Path

import pytest

from lab.client import open_log


@pytest.mark.parametrize("what", ["folder", "pipe", "below a file", "loop"])
def test_a_log_that_cannot_be_written_is_done_without(what: str, tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    if what == "folder":
        log.mkdir()
    elif what == "pipe":
        os.mkfifo(log)
    elif what == "below a file":
        (tmp_path / "file").touch()
        log = tmp_path / "file" / "log.txt"
    else:
        log.symlink_to(log.name)
    with open_log(log) as file:
        assert file.name == os.devnull
        file.write(b"nobody reads this")


def test_a_log_is_made_and_added_to(tmp_path: Path) -> None:
    for _ in range(2):
        with open_log(tmp_path / "new" / "log.txt") as file:
            file.write(b"a line\n")
    assert (tmp_path / "new" / "log.txt").read_text() == "a line\na line\n"
