"""Rows in tokens, as training will see them, with only a tokenizer loaded: `lowrank data check`'s second half."""

from array import array
from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

from mlx_lm.utils import load_tokenizer

from lab.check.folder import Check, Measured, find_files
from lab.errors import LabError
from lab.models import find_model

PROBE = "lowrankprobe"
TEXT_AT_ONCE = 1 << 18  # characters


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
    path = info.path if info.ready else info.made_from
    try:
        return load_tokenizer(path or info.name)
    except Exception as error:
        remedy = "give a folder with tokenizer.json, a bundled model, or check the hub id and the network"
        raise LabError(f"no tokenizer ({type(error).__name__}: {error})", where=model, remedy=remedy) from error


class Measure:
    """Tokens and supervised tokens of rows: mlx-lm's ids, cut and masked as `batches` does it, many rows at once.

    `masks` is whether prompts are masked, known once the first rows have shown their format.
    """

    def __init__(self, tokenizer: Any, max_seq_length: int, mask_prompt: bool | None) -> None:
        self.tokenizer, self.window, self.masks = tokenizer, max_seq_length, mask_prompt
        self._probed: set[str] = set()

    def __call__(self, rows: Sequence[dict[str, Any]], form: str) -> list[Measured]:
        """Raises LabError if prompts are to be masked in plain text, which has none."""
        if self.masks is None:
            self.masks = form != "text"
        if form == "text":
            if self.masks:
                raise LabError("plain text has no prompt to mask", where="--mask-prompt",
                               remedy="leave the flag out", usage=True)  # fmt: skip
            return [self._text(row["text"]) for row in rows]
        chats = [row["messages"] if form == "messages" else _turns(row) for row in rows]
        whole = [self._render(chat, row.get("tools")) for chat, row in zip(chats, rows, strict=True)]
        prompts: list[str | Exception | None] = [None] * len(rows)
        if self.masks:
            ends = [chat[-1].get("role") == "assistant" for chat in chats]
            prompts = [
                text if isinstance(text, Exception) else self._render(chat[:-1], row.get("tools"), prompt=end)
                for chat, row, end, text in zip(chats, rows, ends, whole, strict=True)
            ]
        ids = self._encode([t for pair in zip(whole, prompts, strict=True) for t in pair if isinstance(t, str)])
        result = []
        for chat, row, text, prompt in zip(chats, rows, whole, prompts, strict=True):
            failed = next((t for t in (text, prompt) if isinstance(t, Exception)), None)
            all_ids = next(ids) if isinstance(text, str) else array("I")
            prompt_ids = next(ids) if isinstance(prompt, str) else array("I")
            if failed:
                result.append(Measured(refused=f"the chat template refuses the row: {_line(failed)}"))
                continue
            remarks = [("tools-ignored", what) for what in self._ignored(chat, row.get("tools"))]
            if prompt_ids != all_ids[: len(prompt_ids)]:
                remarks.append(("boundary", "the template writes the prompt otherwise than the row begins,"
                                            " so the mask ends at the wrong token"))  # fmt: skip
            result.append(self._measured(len(all_ids), len(prompt_ids), tuple(remarks)))
        return result

    def _text(self, text: str) -> Measured:
        ids = self.tokenizer.encode(text)
        return self._measured(len(ids) + (not ids or ids[-1] != self.tokenizer.eos_token_id), 0)

    def _measured(self, tokens: int, offset: int, remarks: tuple[tuple[str, str], ...] = ()) -> Measured:
        kept = min(tokens, self.window)
        return Measured(tokens, kept, max(0, kept - max(offset, 1)), remarks=remarks)

    def _render(self, chat: list[dict[str, Any]], tools: Any, prompt: bool = False) -> str | Exception:
        options = {"add_generation_prompt": True} if prompt else {}
        try:
            return str(self.tokenizer.apply_chat_template(chat, tools=tools, tokenize=False, **options))
        except Exception as error:
            return error

    def _encode(self, texts: list[str]) -> Iterator["array[int]"]:
        """The ids of these texts, a bounded number of characters at once: an encoding takes a hundred bytes a token."""
        options = {"return_attention_mask": False, "return_token_type_ids": False, "add_special_tokens": False}
        some: list[str] = []
        size = 0
        for text, after in zip_longest(texts, texts[1:]):
            some.append(text)
            size += len(text)
            if after is None or size + len(after) > TEXT_AT_ONCE:
                yield from (array("I", ids) for ids in self.tokenizer._tokenizer(some, **options)["input_ids"])
                some, size = [], 0

    def _ignored(self, chat: list[dict[str, Any]], tools: Any) -> list[str]:
        """What this row has that the template leaves out, told once for the whole data set."""
        calls = [{"type": "function", "id": "000000000", "function": {"name": PROBE, "arguments": {}}}]
        described = [{"type": "function", "function": {"name": PROBE, "description": "", "parameters": {}}}]
        ask = {"role": "user", "content": "a"}
        answer = {"role": "assistant", "content": "", "tool_calls": calls}
        left_out = []
        if tools and self._leaves_out("tools", [ask], described):
            left_out.append("tools")
        if any(turn.get("tool_calls") for turn in chat) and self._leaves_out("tool_calls", [ask, answer], None):
            left_out.append("tool_calls")
        return [f"the model's chat template leaves {name} out (told once, at the first such row)" for name in left_out]

    def _leaves_out(self, name: str, chat: list[dict[str, Any]], tools: Any) -> bool:
        if name in self._probed:
            return False
        self._probed.add(name)
        text = self._render(chat, tools)
        return isinstance(text, str) and PROBE not in text


def _turns(row: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"role": "user", "content": row["prompt"]}, {"role": "assistant", "content": row["completion"]}]


def _line(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 120 else f"{text[:119]}…"
