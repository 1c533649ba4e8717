"""What stands beside a form while one types: one process that keeps tokenizers and rows, and answers line by line."""

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

from lab.datasets.find import find_data
from lab.engine import hub, probe
from lab.engine.data_lengths import tokenizer_of
from lab.engine.failure import explain
from lab.engine.label_masking import Row
from lab.engine.stdin_lines import Inbox
from lab.errors import LabError
from lab.events.schema import plain
from lab.planning.base_model import find_base, with_config
from lab.planning.calibration import finished
from lab.runs.directory import Runs
from lab.spec import RunSpec

SHOWN = 4_000  # tokens of a row that are written out

Say = Callable[..., None]


def serve(options: Any, say: Say) -> None:
    """The job `preview`: a JSON line for each on standard input, until that ends.

    {id, kind: "plan", fields, row}: `probe.look`'s answer with lengths and the row of that number in pieces;
    {id, kind: "model" | "data", name}: what it costs to fetch a name from the hub.
    Says `answered` with the id, or `refused` with the error; between them, `progress`.
    """
    desk = Desk(Runs(options.run), options.cache, say)
    inbox = Inbox(options.leash)
    while line := inbox.next():
        request = json.loads(line)
        try:
            say(event="answered", id=request["id"], **desk.answer(request))
        except Exception as error:
            usage = isinstance(error, LabError) and error.usage
            say(event="refused", id=request["id"], error={**plain(explain(error)), "usage": usage})


class Desk:
    """Answers questions about specs; what was read once is kept."""

    def __init__(self, runs: Runs, cache: Path, say: Say) -> None:
        self._runs, self._cache, self._say = runs, cache, say
        self._pasts: dict[str, Any] = {}
        self._configs: dict[str, Any] = {}
        self._tokenizers: dict[str, Any] = {}
        self._stamps: dict[Path, object] = {}

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """The fields of an answer. Raises LabError if what is asked about is no good."""
        match request["kind"]:
            case "model":
                return hub.model_cost(request["name"])
            case "data":
                return hub.data_cost(request["name"], self._cache)
        return self._plan(RunSpec.make(request["fields"]), int(request["row"]))

    def _plan(self, spec: RunSpec, number: int) -> dict[str, Any]:
        base = find_base(spec.model, self._cache, spec.bits)
        if not base.config:
            if base.source not in self._configs:
                self._configs[base.source] = probe.from_hub(base.source)
            base = with_config(base, *self._configs[base.source])
        data = find_data(spec.data)
        self._heed(data.path)
        answer = {
            "machine": probe.machine(),
            "config": dict(base.config),
            "weights": base.weights,
            "counts": None if base.exact else probe.describe(base.config, spec),
            "past": self._past(),
            "data": {"format": data.format, "rows": data.rows},
            "rows": None,
            "splits": {},
            "row": None,
        }
        if base.weights:
            answer["rows"] = probe.rows(spec, self._cache, self._reading)
            splits = {split: probe.encoded(spec, split, self._cache, self._reading) for split in ("train", "valid")}
            answer["splits"] = {name: split.lengths.as_json() for name, split in splits.items()}
            rows = splits["train"].rows
            number %= max(1, len(rows))
            answer["row"] = {"number": number, **pieces(rows[number], self._tokenizer(spec.model))}
        return answer

    def _past(self) -> dict[str, Any]:
        """The batches of finished runs, looked at when they are new."""
        runs = finished(self._runs)
        new = [run for run in runs if run.id not in self._pasts]
        self._pasts |= {run.id: None for run in new} | probe.lengths(new, self._cache)
        return {run.id: rows for run in runs if (rows := self._pasts[run.id])}

    def _heed(self, folder: Path) -> None:
        """Forget rows whose files have changed since they were read."""
        found = [path.stat() for path in sorted(folder.glob("*.jsonl"))]
        stamp = [(each.st_mtime_ns, each.st_size) for each in found]
        if self._stamps.setdefault(folder, stamp) != stamp:
            self._stamps[folder] = stamp
            probe.forget()

    def _tokenizer(self, model: str) -> Any:
        if model not in self._tokenizers:
            self._tokenizers = {model: tokenizer_of(model, self._cache)}
        return self._tokenizers[model]

    def _reading(self, split: str, rows: int) -> None:
        self._say(event="progress", stage=split, rows=rows)


def pieces(row: Row, tokenizer: Any) -> dict[str, Any]:
    """A row as training sees it: {tokens, supervised, shown, pieces: [[text, whether it is learned], …]}."""
    ends = [0, *(edge for span in row.spans for edge in (max(span[0], 1), span[1])), len(row.ids)]
    found = []
    for number, (start, end) in enumerate(pairwise(ends)):
        if start < (end := min(end, SHOWN)):
            found.append([tokenizer.decode(list(row.ids[start:end])), number % 2 == 1])
    return {"tokens": len(row.ids), "supervised": row.supervised, "shown": SHOWN, "pieces": found}
