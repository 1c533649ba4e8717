"""What the log of progress costs when it is long, and what it keeps when the programs that write it are killed.

    python -m benchmarks.progress               # 100,000 events: opening, adding, adding with all that the program does
    python -m benchmarks.progress --kills 300   # that many SIGKILLs, two processes writing at a time
    python -m benchmarks.progress --damage      # one full file cut at every hundredth byte, and a thousand flipped bits

prints one line for each figure; exit code 1 if one of them is over its bound or anything was lost.
"""

import argparse
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, TypeVar

from lessons.loader import load_course
from store.event import Event, now, uuid7
from store.event_log import SEGMENT, EventLog
from store.progress import course_ids, replay
from store.storage import seal
from tui.session import LearnerSession
from tui.startup_tuning import begin, settle

Found = TypeVar("Found")
LOAD_SECONDS, ADD_SECONDS = 1.0, 0.020
WRITER = """
import sys
from pathlib import Path
from store import event_log as log
log.SEGMENT = int(sys.argv[3])
events = log.EventLog(Path(sys.argv[1]))
for number in range(int(sys.argv[4])):
    print(events.append("test.written", f"{sys.argv[2]}-{number}", {"text": "some weight " * 9}).item, flush=True)
"""


def main() -> int:
    """Run it as a command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--kills", type=int, default=0, help="Kill writers this often, in place of measuring.")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--damage", action="store_true", help="Damage a file, in place of measuring.")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        if options.kills:
            return kill(Path(home), options.kills, random.Random(options.seed))
        if options.damage:
            return damage(Path(home), random.Random(options.seed))
        return measure(Path(home), options.events, random.Random(options.seed))


def measure(home: Path, count: int, chance: random.Random) -> int:
    """Print the figures of a log of `count` events; 1 where one is over its bound."""
    size = fill(home / "progress", count, chance)
    print(f"log                       {count:,} events, {size / 1e6:.1f} MB")
    begin()  # as the program does until its first screen is filled
    course = course_ids(load_course())
    log, first = timed(lambda: EventLog(home / "progress"))
    log.tidy()
    opened = median(timed(lambda: EventLog(home / "progress"))[1] for _ in range(5))
    replayed = median(timed(lambda: replay(log.events(), course))[1] for _ in range(5))
    study = LearnerSession(home)
    _, content = timed(load_course)
    _, loaded = timed(study.load)
    settle()
    appended = [timed(lambda: log.append("hint.used", "lora/gone?x", {"hint": 1}))[1] for _ in range(200)]
    answer: dict[str, object] = {"right": True}
    recorded = [timed(partial(study.record, "question.answered", item, answer))[1] for item in asked(200)]
    print(f"opening it                {opened:.2f} s, the first time {first:.2f} s (medians of 5)")
    print(f"replaying it              {replayed:.2f} s, so that loading takes {opened + replayed:.2f} s")
    print(f"all of LearnerSession.load         {loaded:.2f} s, of which {content:.2f} s for the lessons")
    for name, times in (("EventLog.append", appended), ("LearnerSession.record", recorded)):
        print(f"{name:<26}{1e3 * median(times):.1f} ms, the slowest of 200 {1e3 * max(times):.1f} ms")
    return int(opened + replayed > LOAD_SECONDS or median(appended) > ADD_SECONDS or median(recorded) > ADD_SECONDS)


def damage(folder: Path, chance: random.Random) -> int:
    """Damage a full file in each way; 1 unless each time all of it came back and that was said."""
    log = EventLog(folder)
    events = [log.append("section.read", f"lora/one#{number}", {"lang": "en"}) for number in range(SEGMENT)]
    (path,) = folder.glob("*-*.json")
    whole = path.read_bytes()
    cuts = [whole[:length] for length in range(0, len(whole), 100)]
    flips = []
    for _ in range(1000):
        place, bit = chance.randrange(len(whole)), 1 << chance.randrange(8)
        flips.append(whole[:place] + bytes([whole[place] ^ bit]) + whole[place + 1 :])
    for name, contents in (("cut at every 100th byte", cuts), ("one bit flipped", flips)):
        back = 0
        for content in contents:
            path.write_bytes(content)
            found = EventLog(folder)
            told = [str(notice) for notice in found.notices]
            back += list(found.events()) == events and len(told) == 1 and "nothing is lost" in told[0]
            for kept in folder.glob("*.damaged-*"):
                kept.unlink()
        print(f"{name:<26}{back} of {len(contents)} recovered whole, and said so")
        if back < len(contents):
            return 1
    return 0


def asked(count: int) -> list[str]:
    """Questions of the course, in turn."""
    questions = [question for ids in course_ids(load_course()).lessons.values() for question in ids.questions]
    return [questions[number % len(questions)] for number in range(count)]


def fill(folder: Path, count: int, chance: random.Random) -> int:
    """Write a log as a learner's who never stops, and return its bytes; copies and all."""
    ids = course_ids(load_course()).lessons
    things: list[tuple[str, str, dict[str, Any]]] = [
        *(("section.read", item, {"lang": "en"}) for lesson in ids.values() for item in lesson.sections),
        *(
            ("question.answered", item, {"right": True, "chosen": ["a"], "attempt": 1, "confidence": "certain"})
            for lesson in ids.values()
            for item in lesson.questions
        ),
        *(("lesson.position", lesson, {"section": f"{lesson}#a", "block": 3}) for lesson in ids),
    ]
    folder.mkdir(parents=True)
    device, last, size = "0123456789abcdef", "", 0
    (folder / "device").write_text(device)
    for number in range(-(-count // SEGMENT)):
        documents: dict[str, object] = {}
        for place in range(min(SEGMENT, count - number * SEGMENT)):
            last = uuid7(after=last)
            kind, item, payload = chance.choice(things)
            documents[str(place + 1)] = Event(last, device, now(), kind, item, payload).document()
        content = seal({"events": documents})
        path = folder / f"{device}-{number + 1:06d}.json"
        for each in (path, path.with_name(path.name + ".bak")):
            each.write_bytes(content)
        size += len(content)
    return size


def kill(folder: Path, kills: int, chance: random.Random) -> int:
    """Kill writers, two at a time, at random moments; 1 if anything that they said was kept is not there, or is there
    twice, or if a file had to be recovered."""
    promised: list[str] = []
    lost, doubled, unread, done = 0, 0, 0, 0
    while done < kills:
        # Small files, so that the moments fall into new files and backups, too.
        segment = chance.choice((3, 20, SEGMENT))
        pair = [writer(folder, f"{done}-{number}", segment) for number in range(min(2, kills - done))]
        for process in pair:
            assert process.stdout
            promised += [process.stdout.readline().strip() for _ in range(chance.randrange(1, 8))]
        for process in pair:
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=chance.uniform(0, 0.015))
            process.kill()
            promised += acknowledged(process)
            done += 1
        log = EventLog(folder)
        written = Counter(event.item for event in log.events())
        lost = len(set(promised) - set(written))
        doubled = sum(count > 1 for count in written.values())
        unread += len(log.notices)
    print(f"{done} kills, {len(promised):,} events acknowledged, {sum(written.values()):,} in the log")
    print(f"lost {lost}, doubled {doubled}, files that had to be recovered {unread}")
    return int(bool(lost or doubled or unread))


def writer(folder: Path, name: str, segment: int, count: int = 100_000) -> subprocess.Popen[str]:
    """A process that appends so many events, or until it is killed, and says of each when it is on disk."""
    command = [sys.executable, "-c", WRITER, str(folder), name, str(segment), str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def acknowledged(process: subprocess.Popen[str]) -> list[str]:
    """What a writer said and ended with a newline; its end closes the pipe."""
    assert process.stdout
    lines = process.stdout.read().splitlines(keepends=True)
    process.stdout.close()
    process.wait()
    return [line.strip() for line in lines if line.endswith("\n")]


def timed(do: Callable[[], Found]) -> tuple[Found, float]:
    """What `do` gives, and the seconds it took."""
    start = time.perf_counter()
    return do(), time.perf_counter() - start


if __name__ == "__main__":
    sys.exit(main())
