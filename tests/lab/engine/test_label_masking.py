"""Masks: every assistant turn of a chat is learned, and prompts and pad are not; the last turn is exactly mlx-lm's."""

from types import SimpleNamespace
from typing import Any

import pytest
from mlx_lm.tuner.datasets import create_dataset
from mlx_lm.utils import load_tokenizer

from lab.datasets.find import find_data, read_rows
from lab.engine.label_masking import Encoded, Supervisor
from lab.models.find import BUNDLED

PLAIN = "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|end|>{% endfor %}"
ASK = "{% if add_generation_prompt %}<|assistant|>{% endif %}"
# Like Qwen3's: thoughts stay in the last answer and are left out of those before it.
FORGETFUL = (
    "{% for m in messages %}<|{{ m.role }}|>"
    "{% if loop.last %}{{ m.content }}{% else %}{{ m.content.split('</think>')[-1] }}{% endif %}<|end|>{% endfor %}"
)


def tokenizer(template: str | None = None) -> Any:
    found = load_tokenizer(BUNDLED / "sprout")
    if template is not None:
        found._tokenizer.chat_template = template
    return found


def chat(*turns: tuple[str, str]) -> dict[str, Any]:
    return {"messages": [{"role": role, "content": content} for role, content in turns]}


def learned(tok: Any, encoded: Encoded) -> list[str]:
    return [tok.decode(list(encoded.row.ids[start:end])) for start, end in encoded.row.spans]


@pytest.mark.parametrize(("data", "masks"), [("sql", True), ("sql", False), ("record", True), ("journal", False)])
def test_a_rows_last_answer_is_mlx_lms_to_the_token(data: str, masks: bool) -> None:
    tok, info = tokenizer(), find_data(data)
    rows = list(read_rows(info.path / "valid.jsonl"))
    stock = create_dataset(rows, tok, SimpleNamespace(mask_prompt=masks))
    for row, encoded in zip(rows, Supervisor(tok, 2048, masks)(rows, info.format), strict=True):
        ids, offset = stock.process(row)
        assert list(encoded.row.ids) == ids and encoded.row.spans[-1] == (offset, len(ids))


def test_every_assistant_turn_is_learned_with_its_end() -> None:
    tok = tokenizer()
    row = chat(("system", "s"), ("user", "하나?"), ("assistant", "첫째 답"), ("user", "two"), ("assistant", "second"))
    (encoded,) = Supervisor(tok, 2048, True)([row], "messages")
    assert learned(tok, encoded) == ["첫째 답<|end|>", "second<|end|>"] and not encoded.remark
    (whole,) = Supervisor(tok, 2048, False)([row], "messages")
    assert whole.row.spans == ((0, len(whole.row.ids)),)


def test_a_last_user_turn_is_never_learned_though_mlx_lm_would() -> None:
    tok = tokenizer()
    (encoded,) = Supervisor(tok, 2048, True)([chat(("user", "a"), ("assistant", "b"), ("user", "c"))], "messages")
    assert learned(tok, encoded) == ["b<|end|>"]


def test_an_empty_answer_is_not_learned_and_a_call_is() -> None:
    tok = tokenizer(PLAIN + ASK)
    row = chat(("user", "a"), ("assistant", ""), ("user", "b"), ("assistant", "c"))
    (encoded,) = Supervisor(tok, 2048, True)([row], "messages")
    assert learned(tok, encoded) == ["c<|end|>"]


def test_a_template_that_drops_earlier_thoughts_still_has_its_turns_learned() -> None:
    tok = tokenizer(FORGETFUL + ASK)
    row = chat(("user", "a"), ("assistant", "one"), ("user", "b"), ("assistant", "<think>so</think>two"))
    (encoded,) = Supervisor(tok, 2048, True)([row], "messages")
    assert learned(tok, encoded) == ["one<|end|>", "<think>so</think>two<|end|>"] and not encoded.remark
    dropped = chat(("user", "a"), ("assistant", "<think>so</think>one"), ("user", "b"), ("assistant", "two"))
    (encoded,) = Supervisor(tok, 2048, True)([dropped], "messages")
    assert learned(tok, encoded) == ["two<|end|>"] and encoded.remark, "what the template leaves out cannot be learned"


def test_the_window_cuts_ids_and_spans_and_tells_how_long_the_row_was() -> None:
    tok = tokenizer()
    row = chat(("user", "a"), ("assistant", "b" * 30), ("user", "c"), ("assistant", "d"))
    (whole,) = Supervisor(tok, 2048, True)([row], "messages")
    start, end = whole.row.spans[0]
    (cut,) = Supervisor(tok, end - 3, True)([row], "messages")
    assert cut.tokens == len(whole.row.ids) and len(cut.row.ids) == end - 3
    assert cut.row.spans == ((start, end - 3),) and cut.row.supervised == end - 3 - start
