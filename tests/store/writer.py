"""Run as a program (FOLDER NAME COUNT SEGMENT): append events, print each one's name once acknowledged."""

import sys
from pathlib import Path

from store import log

if __name__ == "__main__":
    folder, name, count, segment = sys.argv[1:]
    log.SEGMENT = int(segment)
    events = log.EventLog(Path(folder))
    for number in range(int(count)):
        event = events.append("test.written", f"{name}-{number}", {"text": "한글 and a little weight " * 4})
        print(event.item, flush=True)
