"""The queue with real processes: order of arrival, and nobody waits for the dead."""

import subprocess
import sys
from pathlib import Path

from lab.queue.slot import QueueSlot

HOLD = """
import sys
from pathlib import Path
from lab.queue.slot import QueueSlot
ticket = QueueSlot(Path(sys.argv[1]), sys.argv[2])
print(*ticket.ahead(), flush=True)
input()
"""


def holder(folder: Path, name: str) -> tuple["subprocess.Popen[str]", list[str]]:
    """A process that holds a ticket until it is killed, and whom it saw in front."""
    command = [sys.executable, "-c", HOLD, str(folder), name]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                               cwd=Path(__file__).parents[2])  # fmt: skip
    assert process.stdout is not None
    return process, process.stdout.readline().split()


def test_each_waits_for_those_who_came_before_and_live(tmp_path: Path) -> None:
    first, ahead = holder(tmp_path, "run-a")
    assert ahead == []
    second, ahead = holder(tmp_path, "run-b")
    assert ahead == ["run-a"]
    mine = QueueSlot(tmp_path, "run-c")
    assert mine.ahead() == ["run-a", "run-b"]
    first.kill()
    first.wait()
    assert mine.ahead() == ["run-b"]
    later, ahead = holder(tmp_path, "run-d")
    assert ahead == ["run-b", "run-c"]
    for process in (second, later):
        process.kill()
        process.wait()
    assert mine.ahead() == []
    assert [path.name for path in tmp_path.glob("*.ticket")].count(f"{mine.number:08d}-run-c.ticket") == 1


def test_a_crowd_that_comes_at_once_gets_one_place_each(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    crowd = [
        subprocess.Popen([*command, str(n)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                         cwd=Path(__file__).parents[2])
        for n in range(6)
    ]  # fmt: skip
    seen = sorted(len(process.stdout.readline().split()) for process in crowd if process.stdout)
    for process in crowd:
        process.kill()
        process.wait()
    assert seen == [0, 1, 2, 3, 4, 5]
