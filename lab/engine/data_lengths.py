"""Rows in tokens, as training will see them, with only a tokenizer loaded: `lowrank data check`'s second half."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from mlx_lm.utils import load_tokenizer

from lab.datasets.check.folder import Check, Measured, find_files
from lab.engine import hub
from lab.engine.label_masking import Supervisor
from lab.errors import LabError
from lab.models.find import find_model

PROBE = "lowrankprobe"


def check(
    name: str,
    model: str,
    cache: Path,
    *,
    max_seq_length: int,
    mask_prompt: bool | None,
    keep: int,
    progress: Callable[[str, int, int, int], None],
) -> dict[str, Any]:
    """The whole report on a data set. Raises LabError if the data or the tokenizer cannot be had."""
    files = find_files(name)
    measure = Measure(tokenizer_of(model, cache), max_seq_length, mask_prompt)
    report = Check(files, keep, measure, progress).run().as_json()
    how = {"model": model, "max_seq_length": max_seq_length, "mask_prompt": measure.masks}
    return {"path": name, **how, **report}


def tokenizer_of(model: str, cache: Path) -> Any:
    """The tokenizer that training with this base would use; of a variant not made yet, its base's."""
    info = find_model(model, cache)
    path = info.path if info.ready else info.made_from or hub.fetch_tokenizer(info.name)
    try:
        return load_tokenizer(path)
    except Exception as error:
        remedy = "give a folder with tokenizer.json, a bundled model, or check the hub id and the network"
        raise LabError(f"no tokenizer ({type(error).__name__}: {error})", where=model, remedy=remedy) from error


class Measure:
    """Tokens and supervised tokens of rows, as training will see them, and what only a template can tell.

    `masks` is whether prompts are masked, known once the first rows have shown their format.
    """

    def __init__(self, tokenizer: Any, max_seq_length: int, mask_prompt: bool | None) -> None:
        self._supervisor = Supervisor(tokenizer, max_seq_length, mask_prompt)
        self._probed: set[str] = set()

    @property
    def masks(self) -> bool | None:
        return self._supervisor.masks

    def __call__(self, rows: Sequence[dict[str, Any]], form: str) -> list[Measured]:
        """Raises LabError if prompts are to be masked in plain text, which has none."""
        result = []
        for row, encoded in zip(rows, self._supervisor(rows, form), strict=True):
            remarks = [] if form == "text" or encoded.refused else list(self._ignored(row))
            if encoded.remark:
                remarks.append(("boundary", encoded.remark))
            kept = len(encoded.row.ids)
            result.append(
                Measured(encoded.tokens, kept, encoded.row.supervised, encoded.refused, remarks=tuple(remarks))
            )
        return result

    def _ignored(self, row: dict[str, Any]) -> Iterator[tuple[str, str]]:
        """What this row has that the template leaves out, told once for the whole data set."""
        calls = [{"type": "function", "id": "000000000", "function": {"name": PROBE, "arguments": {}}}]
        described = [{"type": "function", "function": {"name": PROBE, "description": "", "parameters": {}}}]
        ask: dict[str, Any] = {"role": "user", "content": "a"}
        answer: dict[str, Any] = {"role": "assistant", "content": "", "tool_calls": calls}
        has_calls = any(turn.get("tool_calls") for turn in row.get("messages", ()))
        for name, present, chat, tools in (
            ("tools", bool(row.get("tools")), [ask], described),
            ("tool_calls", has_calls, [ask, answer], None),
        ):
            if present and name not in self._probed:
                self._probed.add(name)
                text = self._supervisor.render(chat, tools)
                if isinstance(text, str) and PROBE not in text:
                    what = f"the model's chat template leaves {name} out (told once, at the first such row)"
                    yield "tools-ignored", what
