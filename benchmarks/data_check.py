"""Time and memory of `lowrank data check` on a million rows: `python benchmarks/data_check.py [ROWS]`.

Writes a folder of question and answer rows (as long as the bundled `sql`) with a fault every 1,000 rows, checks it in
a process of its own, and prints one JSON object: seconds, seconds of processor (for a machine that does other work
too), rows a second, and the peak resident bytes of the command and its engine together, looked at ten times a second.
Needs the package installed, or PYTHONPATH at the checkout.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from random import Random

import psutil

FAULTS = (
    '{"prompt": "broken',
    '{"prompt": "a"}',
    '{"prompt": "a", "completion": ""}',
    '{"prompt": "cafe\\u0301", "completion": "x"}',
    '{"prompt": "the same", "completion": "row"}',
)


def write(path: Path, rows: int) -> None:
    """A file of that many rows, of which one in a thousand is faulty."""
    rng = Random(0)
    with path.open("w", encoding="utf-8") as file:
        for number in range(rows):
            if number % 1000 == 999:
                file.write(rng.choice(FAULTS) + "\n")
                continue
            words = " ".join(f"column{rng.randrange(500)}" for _ in range(rng.randrange(2, 8)))
            prompt = f"Table t{number} with columns {words}. List all rows with age over {rng.randrange(100)}."
            file.write(json.dumps({"prompt": prompt, "completion": f"SELECT * FROM t{number} WHERE age > 3"}) + "\n")


def resident(process: psutil.Process) -> int:
    """Resident bytes of a process and everything it started."""
    total = 0
    for each in (process, *process.children(recursive=True)):
        try:
            total += each.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total


def main() -> None:
    """Write, check, print."""
    rows = int(sys.argv[1].replace(",", "").replace("_", "")) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder) / "train.jsonl", rows)
        size = (Path(folder) / "train.jsonl").stat().st_size
        began, peak = time.perf_counter(), 0
        with (Path(folder) / "report.json").open("wb+") as out:
            command = [sys.executable, "-m", "tui", "data", "check", folder, "--json"]
            process = subprocess.Popen(command, stdout=out)
            while process.poll() is None:
                try:
                    peak = max(peak, resident(psutil.Process(process.pid)))
                except psutil.NoSuchProcess:
                    break
                time.sleep(0.1)
            seconds = time.perf_counter() - began
            out.seek(0)
            report = json.load(out)
    figures = {"rows": rows, "bytes": size, "seconds": round(seconds, 1), "rows_per_second": round(rows / seconds)}
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    figures |= {"processor_seconds": round(used.ru_utime + used.ru_stime, 1)}
    figures |= {"peak_resident_bytes": peak, "tokens": report["splits"]["train"]["tokens"]["total"]}
    print(json.dumps({**figures, "counts": report["counts"]}))


if __name__ == "__main__":
    main()
