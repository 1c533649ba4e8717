"""Batches: reproducible, nothing dropped, no pad in the loss, and no row that teaches nothing."""

import json
from collections import Counter
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mlx_lm.utils import load_tokenizer

from lab.engine import batches
from lab.errors import LabError
from lab.models import BUNDLED

ROWS = [([i] * (3 + i % 7), i % 2) for i in range(40)]


@given(st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_every_row_comes_once_an_epoch_and_the_seed_decides_the_order(batch_size: int, seed: int) -> None:
    steps = len(ROWS) * 3
    seen = Counter(row[0][0] for b in islice(batches.shuffled(ROWS, batch_size, seed), steps) for row in b)
    assert set(seen.values()) == {3 * batch_size}
    first = [b for b in islice(batches.shuffled(ROWS, batch_size, seed), 20)]
    assert first == [b for b in islice(batches.shuffled(ROWS, batch_size, seed), 20)]


def test_validation_is_every_row_once_in_a_fixed_order() -> None:
    once = [list(b) for b in batches.in_order(ROWS, 16)]
    assert [len(b) for b in once] == [16, 16, 8] and once == [list(b) for b in batches.in_order(ROWS, 16)]
    assert Counter(row[0][0] for b in once for row in b) == Counter(range(40))


def test_a_pad_is_never_supervised_and_the_last_token_always_is() -> None:
    ids, spans = batches.pad([([5, 6, 7, 8, 9], 2), ([1, 2], 0)])
    assert ids.shape == (2, 9)
    # mlx-lm counts targets from 1: target t is token t, so 2..4 are tokens 7, 8, 9 and 1..1 is token 2
    assert spans.tolist() == [[2, 4], [0, 1]]


def test_a_prompt_that_fills_the_window_is_refused_by_file_and_line(tmp_path: Path) -> None:
    tokenizer = load_tokenizer(BUNDLED / "sprout")
    rows = [{"prompt": "a", "completion": "b"}, {"prompt": "word " * 50, "completion": "b"}]
    (tmp_path / "train.jsonl").write_text("\n".join(map(json.dumps, rows)))
    assert len(batches.tokenize(tmp_path, "train", tokenizer, True, 200)) == 2
    with pytest.raises(LabError, match=r"train\.jsonl:2: nothing is left to learn.*raise --max-seq-length"):
        batches.tokenize(tmp_path, "train", tokenizer, True, 20)


@given(st.text(max_size=60))
def test_any_text_survives_the_tokenizer(text: str) -> None:
    tokenizer = load_tokenizer(BUNDLED / "sprout")
    assert tokenizer.decode(tokenizer.encode(text)) == text


def test_korean_survives_the_chat_template() -> None:
    tokenizer = load_tokenizer(BUNDLED / "sprout")
    ids = tokenizer.apply_chat_template(
        [{"role": "user", "content": "안녕하세요"}], add_generation_prompt=True, return_dict=False
    )
    assert tokenizer.decode(ids) == "<|user|>안녕하세요<|end|><|assistant|>"
