"""Rows to token ids with the spans to learn from: in a chat whose prompts are masked, every assistant turn."""

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, NamedTuple

from lab.datasets.find import silent
from lab.engine import chat_template
from lab.errors import LabError

TEXT_AT_ONCE = 1 << 18  # characters, since an encoding takes a hundred bytes a token
Span = tuple[int, int]


class Row(NamedTuple):
    """Token ids, and the half-open spans of those that are learned; a row is cut to the window already."""

    ids: "array[int]"
    spans: tuple[Span, ...]

    @property
    def supervised(self) -> int:
        """How many tokens are targets; the first of a row never is, since nothing predicts it."""
        return sum(end - max(start, 1) for start, end in self.spans if end > max(start, 1))


@dataclass(frozen=True)
class Encoded:
    """A row, how many tokens it had before it was cut, why it has none, and what is odd about its masks."""

    row: Row
    tokens: int = 0
    refused: str = ""
    remark: str = ""


class Supervisor:
    """Encodes rows with a model's tokenizer and chat template. `masks=None` masks wherever the data has prompts."""

    def __init__(self, tokenizer: Any, max_seq_length: int, masks: bool | None) -> None:
        self.tokenizer, self.window, self.masks = tokenizer, max_seq_length, masks

    def __call__(self, rows: Sequence[dict[str, Any]], form: str) -> list[Encoded]:
        """The rows of one format, many at once. Raises LabError if prompts are to be masked in plain text."""
        if self.masks is None:
            self.masks = form != "text"
        if form == "text":
            if self.masks:
                raise LabError("plain text has no prompt to mask", where="--mask-prompt",
                               remedy="leave the flag out", usage=True)  # fmt: skip
            return [self._text(row["text"]) for row in rows]
        chats = [row["messages"] if form == "messages" else turns(row) for row in rows]
        with chat_template.little_memory():
            marked = [self._mark(chat, row.get("tools")) for chat, row in zip(chats, rows, strict=True)]
        ids = self._encode([text for text, _, _ in marked if isinstance(text, str)])
        result = []
        for text, spans, remark in marked:
            if isinstance(text, Exception):
                refused = f"the chat template refuses the row: {_line(text)}"
                result.append(Encoded(Row(array("I"), ()), refused=refused))
                continue
            encoding, number = next(ids)
            found = array("I", encoding["input_ids"][number])
            placed = tuple(self._place(encoding, number, text, span, len(found)) for span in spans)
            result.append(self._cut(found, placed, remark))
        return result

    def render(self, chat: list[dict[str, Any]], tools: Any, prompt: bool = False) -> str | Exception:
        """The chat as the template writes it, or why it does not; with `prompt`, up to where an answer begins.

        Raises LabError if the template takes too long.
        """
        options = {"add_generation_prompt": True} if prompt else {}
        try:
            return chat_template.render(self.tokenizer, chat, tools=tools, **options)
        except LabError:
            raise  # the next row would take as long
        except Exception as error:
            return error

    def _text(self, text: str) -> Encoded:
        ids = array("I", self.tokenizer.encode(text))
        if not ids or ids[-1] != self.tokenizer.eos_token_id:
            ids.append(self.tokenizer.eos_token_id)
        return self._cut(ids, ((0, len(ids)),))

    def _cut(self, ids: "array[int]", spans: tuple[Span, ...], remark: str = "") -> Encoded:
        kept = tuple((start, min(end, self.window)) for start, end in spans if start < self.window)
        return Encoded(Row(ids[: self.window], kept), len(ids), remark=remark)

    def _mark(self, chat: list[dict[str, Any]], tools: Any) -> tuple[str | Exception, list[Span], str]:
        """The rendered row with the spans of characters to learn, and what is odd about them."""
        whole = self.render(chat, tools)
        if isinstance(whole, Exception) or not self.masks:
            return whole, [(0, len(whole))] if isinstance(whole, str) else [], ""
        spans: list[Span] = []
        remark = ""
        for number, turn in enumerate(chat):
            if turn["role"] != "assistant" or silent(turn):
                continue
            start, exact = self._start(whole, chat[:number], tools)
            end = self._end(whole, chat[: number + 1], tools, start) if number + 1 < len(chat) else len(whole)
            if not exact or end is None:
                remark = "the template writes a prompt otherwise than the row begins, so its mask is a guess"
            if end is not None:
                spans.append((start, end))
        return whole, spans, remark

    def _start(self, whole: str, before: list[dict[str, Any]], tools: Any) -> tuple[int, bool]:
        for prompt in (True, False):
            text = self.render(before, tools, prompt=prompt) if before or prompt else ""
            if isinstance(text, str) and whole.startswith(text):
                return len(text), prompt
        return 0, False

    def _end(self, whole: str, upto: list[dict[str, Any]], tools: Any, start: int) -> int | None:
        text = self.render(upto, tools)
        if isinstance(text, str) and len(text) > start and whole.startswith(text):
            return len(text)
        # Some templates write earlier turns otherwise than the last, without their thoughts for instance.
        content = (upto[-1].get("content") or "").strip()
        found = whole.find(content, start) if content else -1
        if found < 0:
            return None
        end = found + len(content)
        eos = self.tokenizer.eos_token or ""
        return end + len(eos) if eos and whole.startswith(eos, end) else end

    def _place(self, encoding: Any, number: int, text: str, span: Span, count: int) -> Span:
        """Characters to tokens; a token that holds both prompt and answer is learned."""
        if span == (0, len(text)):
            return 0, count
        if not encoding.is_fast:
            start, end = (len(self.tokenizer.encode(text[:at], add_special_tokens=False)) for at in span)
            return start, end
        first = next((t for c in range(*span) if (t := encoding.char_to_token(number, c)) is not None), count)
        last = next((t for c in reversed(range(*span)) if (t := encoding.char_to_token(number, c)) is not None), -1)
        return first, last + 1

    def _encode(self, texts: list[str]) -> Iterator[tuple[Any, int]]:
        """Encodings with the number of each text in them, a bounded number of characters at once."""
        options = {"return_attention_mask": False, "return_token_type_ids": False, "add_special_tokens": False}
        some: list[str] = []
        size = 0
        for text, after in zip_longest(texts, texts[1:]):
            some.append(text)
            size += len(text)
            if after is None or size + len(after) > TEXT_AT_ONCE:
                encoding = self.tokenizer._tokenizer(some, **options)
                yield from ((encoding, number) for number in range(len(some)))
                some, size = [], 0


def turns(row: dict[str, Any]) -> list[dict[str, Any]]:
    """A prompt/completion row as a chat."""
    return [{"role": "user", "content": row["prompt"]}, {"role": "assistant", "content": row["completion"]}]


def _line(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 120 else f"{text[:119]}…"
