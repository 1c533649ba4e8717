"""Batches: reproducible, nothing dropped, no pad in the loss, few shapes, and no row that teaches nothing."""

import json
from array import array
from collections import Counter
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mlx_lm.utils import load_tokenizer

from lab.engine import batches
from lab.engine.label_masking import Row
from lab.errors import LabError
from lab.models.find import BUNDLED


def row(*ids: int, spans: tuple[tuple[int, int], ...] = ()) -> Row:
    return Row(array("I", ids), spans or ((0, len(ids)),))


ROWS = [row(*[i] * (3 + i * 7 % 40)) for i in range(40)]


@pytest.mark.parametrize("batching", ["random", "length"])
@given(st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_every_row_comes_once_an_epoch_and_the_seed_decides_the_order(
    batching: str, batch_size: int, seed: int
) -> None:
    pool = batches.POOL if batching == "length" else 1
    steps = len(ROWS) * pool
    seen = [b for b in islice(batches.drawn(ROWS, batch_size, seed, batching), steps)]
    assert set(Counter(r.ids[0] for b in seen for r in b).values()) == {batch_size * pool}
    assert seen[:20] == list(islice(batches.drawn(ROWS, batch_size, seed, batching), 20))


def test_batches_of_like_length_pad_less_than_random_ones() -> None:
    def padding(batching: str) -> float:
        seen = list(islice(batches.drawn(ROWS, 8, 0, batching), 160))
        spaces = sum(len(b) * batches.longest(b) for b in seen)
        return 1 - sum(len(r.ids) - 1 for b in seen for r in b) / spaces

    assert padding("length") < 0.6 * padding("random")


def test_validation_is_every_row_once_in_a_fixed_order() -> None:
    once = [list(b) for b in batches.in_order(ROWS, 16)]
    assert [len(b) for b in once] == [16, 16, 8] and once == [list(b) for b in batches.in_order(ROWS, 16)]
    assert Counter(r.ids[0] for b in once for r in b) == Counter(range(40))
    share = batches.fixed_share(ROWS, 5)
    assert share == batches.fixed_share(ROWS, 5) and len({r.ids[0] for r in share}) == 5


def test_a_pad_is_never_supervised_and_the_last_token_always_is() -> None:
    ids, mask = batches.pad([row(5, 6, 7, 8, 9, spans=((1, 3), (4, 5))), row(1, 2)], count=3)
    assert ids.shape == (3, 5) and mask.shape == (3, 4)
    # The target at place t is token t + 1: of the first row tokens 1, 2 and 4, of the second token 1.
    assert mask.tolist() == [[1, 1, 0, 1], [1, 0, 0, 0], [0] * 4]
    assert mask.sum().item() == row(5, 6, 7, 8, 9, spans=((1, 3), (4, 5))).supervised + row(1, 2).supervised


@given(st.lists(st.integers(1, 40).map(lambda n: 8 * n), min_size=1, max_size=60), st.integers(1, 6))
def test_shapes_are_few_hold_every_batch_and_no_choice_pads_less(longest: list[int], limit: int) -> None:
    chosen = batches.shapes(longest, limit)
    assert len(chosen) <= limit and chosen == sorted(chosen) and set(chosen) <= set(longest)
    cost = sum(batches.shape_for(n, chosen) for n in longest)
    assert max(longest) in chosen and all(batches.shape_for(n, chosen) >= n for n in longest)
    distinct = sorted(set(longest))
    for at in range(len(distinct)):  # neither exchanging one shape for another
        for index in range(len(chosen)):
            other = sorted({*chosen[:index], *chosen[index + 1 :], distinct[at], max(longest)})
            if len(other) <= limit:
                assert sum(batches.shape_for(n, other) for n in longest) >= cost


def test_a_prompt_that_fills_the_window_is_refused_by_file_and_line_with_every_other_such_row(tmp_path: Path) -> None:
    tokenizer = load_tokenizer(BUNDLED / "sprout")
    good, bad = {"prompt": "a", "completion": "b"}, {"prompt": "word " * 50, "completion": "b"}
    (tmp_path / "train.jsonl").write_text("\n".join(map(json.dumps, [good, bad, good, bad, bad])))
    assert len(batches.tokenize(tmp_path, "train", tokenizer, True, 200)) == 5
    told = r"train\.jsonl:2: nothing is left to learn.*\(so in lines 4, 5\); raise --max-seq-length"
    with pytest.raises(LabError, match=told):
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
