"""Pre-training goes on where it was broken off, to the same bits; and what is shipped is what the script writes."""

import json
import shutil
from pathlib import Path

import mlx.core as mx
import pytest
from transformers import AutoTokenizer

from lab.bundled.generate import corpus
from lab.engine import pretrain
from lab.models.find import BUNDLED

SPROUT = BUNDLED / "sprout"


def work(folder: Path) -> Path:
    folder.mkdir()
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(SPROUT / name, folder / name)
    return folder


@pytest.mark.long
def test_a_broken_off_pre_training_ends_bit_equal_to_an_unbroken_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(pretrain, "BATCH", 2)
    monkeypatch.setattr(pretrain, "answered", lambda *_: {})
    pretrain.pretrain(work(tmp_path / "a"), tmp_path / "whole", steps=10, every=1)

    rate = pretrain.rate

    def break_off(step: int, steps: int) -> float:
        if step == 7:
            raise KeyboardInterrupt
        return rate(step, steps)

    monkeypatch.setattr(pretrain, "rate", break_off)
    with pytest.raises(KeyboardInterrupt):
        pretrain.pretrain(work(tmp_path / "b"), tmp_path / "broken", steps=10, every=1)
    monkeypatch.setattr(pretrain, "rate", rate)
    capsys.readouterr()
    pretrain.pretrain(tmp_path / "b", tmp_path / "broken", steps=10, every=1)
    assert capsys.readouterr().out.startswith("step 6/10"), "it goes on from the state saved after step 5"
    files = [(tmp_path / name / "model.safetensors").read_bytes() for name in ("whole", "broken")]
    assert files[0] == files[1]


def test_the_shipped_folder_is_of_the_scripts_configuration() -> None:
    assert json.loads((SPROUT / "config.json").read_text()) == pretrain.CONFIG
    arrays = mx.load(str(SPROUT / "model.safetensors"))
    assert {a.dtype for a in arrays.values()} == {mx.float32}
    assert {p.name for p in SPROUT.iterdir()} == {
        "config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    }


def test_only_answers_and_bare_text_count_fully_in_the_loss() -> None:
    tok = AutoTokenizer.from_pretrained(SPROUT)
    document: corpus.Document = [("user", "Repeat: a"), ("assistant", "a")]
    ids, weights = pretrain.encode(tok, document)
    assert tok.decode(ids) == "<|user|>Repeat: a<|end|><|assistant|>a<|end|>"
    answer = ids.index(tok.convert_tokens_to_ids("<|assistant|>"))
    assert set(weights[1:answer]) == {pretrain.PROMPT_WEIGHT} and weights[answer + 1 :] == [1.0, 1.0]
    assert weights[0] == weights[answer] == 0.0
