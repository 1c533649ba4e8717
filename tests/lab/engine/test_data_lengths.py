"""Rows in tokens: as many as training will see, and what only a tokenizer and its template can tell."""

import json
from pathlib import Path
from typing import Any

import pytest
from mlx_lm.utils import load_tokenizer

from lab.datasets.check.folder import Check, find_files
from lab.datasets.find import read_rows
from lab.engine import batches
from lab.engine.data_lengths import Measure, tokenizer_of
from lab.errors import LabError
from lab.models.find import BUNDLED

TURN = "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|end|>{% endfor %}"
ASK = "{% if add_generation_prompt %}<|assistant|>{% endif %}"
STRICT = "{% for m in messages %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('roles must alternate') }}{% endif %}{% endfor %}"  # fmt: skip # noqa: E501
THINKING = "{% if add_generation_prompt %}<|assistant|><think>{% endif %}"


def tokenizer(template: str | None = None) -> Any:
    found = load_tokenizer(BUNDLED / "sprout")
    if template is not None:
        found._tokenizer.chat_template = template
    return found


def row(*turns: str, **more: Any) -> dict[str, Any]:
    roles = ("user", "assistant") * len(turns)
    return {"messages": [{"role": r, "content": t} for r, t in zip(roles, turns, strict=False)], **more}


def checked(folder: Path, rows: list[dict[str, Any]], measure: Measure) -> dict[str, Any]:
    (folder / "train.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    return Check(find_files(str(folder)), 0, measure).run().as_json()


def lines(report: dict[str, Any]) -> list[tuple[int, str]]:
    return [(p["line"], p["kind"]) for p in report["problems"]]


@pytest.mark.parametrize(("name", "masks"), [("sql", True), ("sql", False), ("record", True), ("journal", False)])
@pytest.mark.parametrize("window", [2048, 90])
def test_the_figures_are_those_of_the_batches_that_training_makes(name: str, masks: bool, window: int) -> None:
    files = {split: path for split, path in find_files(name).items() if split != "train"}
    report = Check(files, 0, Measure(tokenizer(), window, masks)).run().as_json()
    for split in files:
        rows = batches.tokenize(files[split].parent, split, tokenizer(), masks, window)
        supervised = sum(batches.pad(some)[1].sum().item() for some in batches.in_order(rows, 100))
        found = report["splits"][split]
        assert found["supervised_tokens"] == supervised
        assert found["tokens"]["total"] - found["lost_tokens"] == sum(len(row.ids) for row in rows)
        assert found["truncated"] == sum(p["kind"] == "truncated" for p in report["problems"] if split in p["file"])
        if window == 2048:
            lengths = sorted(len(row.ids) for row in rows)
            assert (found["tokens"]["min"], found["tokens"]["max"]) == (lengths[0], lengths[-1])
    assert {p["kind"] for p in report["problems"]} <= ({"truncated"} if window == 90 else set())


def test_a_long_row_is_told_with_its_loss_and_one_whose_prompt_fills_the_window_is_an_error(tmp_path: Path) -> None:
    rows = [
        {"prompt": "a", "completion": "b"},
        {"prompt": "a", "completion": "c" * 200},
        {"prompt": "word " * 50, "completion": "b"},
    ]
    measure = Measure(tokenizer(), 40, None)
    report = checked(tmp_path, rows, measure)
    assert measure.masks and lines(report) == [(2, "truncated"), (3, "truncated"), (3, "unsupervised")]
    tokens = report["splits"]["train"]["tokens"]
    assert f"of {tokens['max']:,} tokens are cut" in " ".join(p["problem"] for p in report["problems"])
    assert report["splits"]["train"]["truncated"] == 2 and report["errors"] == 1
    with pytest.raises(LabError, match=r"train\.jsonl:3: nothing is left to learn"):
        batches.tokenize(tmp_path, "train", tokenizer(), True, 40)
    unmasked = checked(tmp_path, rows, Measure(tokenizer(), 40, False))
    assert lines(unmasked) == [(2, "truncated"), (3, "truncated")]


def test_a_row_that_the_template_refuses_is_told_with_the_templates_reason(tmp_path: Path) -> None:
    rows = [row("a", "b"), row("a", "b", "c", "d"), {"messages": [*row("a")["messages"], *row("a", "b")["messages"]]}]
    report = checked(tmp_path, rows, Measure(tokenizer(STRICT + TURN + ASK), 2048, None))
    assert lines(report) == [(3, "role-order"), (3, "template")]
    assert "roles must alternate" in report["problems"][1]["problem"]
    assert sum(b["rows"] for b in report["splits"]["train"]["histogram"]) == 2


def test_a_model_without_a_chat_template_refuses_every_chat_but_no_text(tmp_path: Path) -> None:
    bare = tokenizer()
    bare._tokenizer.chat_template = None
    assert lines(checked(tmp_path, [row("a", "b")], Measure(bare, 2048, None))) == [(1, "template")]
    assert lines(checked(tmp_path, [{"text": "a"}], Measure(bare, 2048, None))) == []


def test_a_template_whose_prompt_is_not_how_the_row_begins_is_told(tmp_path: Path) -> None:
    rows = [row("a", "an answer longer than the mark of a thought")]
    assert lines(checked(tmp_path, rows, Measure(tokenizer(TURN + THINKING), 2048, None))) == [(1, "boundary")]
    assert lines(checked(tmp_path, rows, Measure(tokenizer(TURN + THINKING), 2048, False))) == []


def test_tools_that_the_template_leaves_out_are_told_once(tmp_path: Path) -> None:
    call = {"role": "assistant", "content": "", "tool_calls": [{"function": {"name": "f", "arguments": {}}}]}
    chat = [{"role": "user", "content": "a"}, call, {"role": "tool", "content": "1"}, row("a", "b")["messages"][1]]
    tools = [{"type": "function", "function": {"name": "f", "description": "", "parameters": {}}}]
    rows = [row("a", "b"), {"messages": chat, "tools": tools}, {"messages": [*chat, *row("c", "d")["messages"]], "tools": tools}]  # fmt: skip # noqa: E501
    assert lines(checked(tmp_path, rows, Measure(tokenizer(TURN + ASK), 2048, None))) == [(2, "tools-ignored")] * 2
    own = checked(tmp_path, rows, Measure(tokenizer(), 2048, None))
    assert [p["problem"].split(" (")[0] for p in own["problems"]] == ["the model's chat template leaves tool_calls out"]


def test_prompts_cannot_be_masked_in_plain_text(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="plain text has no prompt") as caught:
        checked(tmp_path, [{"text": "a"}], Measure(tokenizer(), 2048, True))
    assert caught.value.usage


def test_a_variant_not_made_yet_has_its_bases_tokenizer_and_no_tokenizer_is_one_clear_line(tmp_path: Path) -> None:
    text = next(iter(read_rows(find_files("sql")["train"])))["prompt"]
    assert tokenizer_of("sprout-4bit", tmp_path).encode(text) == tokenizer().encode(text)
    assert not list(tmp_path.iterdir())
    empty = tmp_path / "model"
    empty.mkdir()
    with pytest.raises(LabError):
        tokenizer_of(str(empty), tmp_path)
