"""The process behind a form: it answers line by line, and goes on after a question that is no good."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from lab import client
from lab.engine import form_preview, hub
from lab.engine.data_lengths import tokenizer_of
from lab.engine.probe import encoded
from lab.models.find import BUNDLED
from lab.runs.directory import Runs
from lab.spec import RunSpec


def ask(home: Path, *questions: dict[str, Any]) -> list[dict[str, Any]]:
    """The answers of one process to these questions, progress left out."""
    text = "".join(json.dumps({"id": n, **question}) + "\n" for n, question in enumerate(questions))
    command = client.engine_command("preview", str(home / "runs"), "--cache", str(home / "cache"))
    environment = client.engine_environment(home / "cache") | {"HF_HUB_OFFLINE": "1", "HF_HOME": str(home / "hf")}
    done = subprocess.run(command, input=text, capture_output=True, text=True, env=environment, check=True)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["id"] for line in lines if "id" in line] == list(range(len(questions)))
    return [line for line in lines if line["event"] != "progress"]


def test_one_process_answers_one_question_after_another(tmp_path: Path) -> None:
    folder = hub.data_folder("org/rows", tmp_path / "cache")
    folder.mkdir(parents=True)
    (folder / "train.jsonl").write_text('{"text": "one"}\n')
    cached = tmp_path / "hf" / "hub" / "models--org--base"  # as the hub's library lays out what it has fetched
    shutil.copytree(BUNDLED / "sprout", cached / "snapshots" / "abc")
    (cached / "refs").mkdir()
    (cached / "refs" / "main").write_text("abc")
    found = ask(
        tmp_path,
        {"kind": "plan", "fields": {"data": "record", "max_seq_length": 100}, "row": -1},
        {"kind": "plan", "fields": {"model": "no such"}, "row": 0},
        {"kind": "plan", "fields": {"data": str(folder)}, "row": 0},
        {"kind": "model", "name": "org/name"},
        {"kind": "model", "name": "org/base"},
        {"kind": "plan", "fields": {"model": "org/base"}, "row": 0},
        {"kind": "data", "name": "org/rows"},
    )
    record, unknown, text, model, here, fetched_model, data = found
    train = record["splits"]["train"]
    assert train["truncated"] == record["rows"]["train"]["truncated"] > 0
    assert record["rows"]["train"]["whole"] == train["tokens"]["max"] > 100
    assert record["row"]["number"] == 799 and record["row"]["tokens"] <= 100 and not record["past"]
    assert unknown["event"] == "refused" and unknown["error"]["usage"] and unknown["error"]["where"] == "--model"
    assert [learned for _, learned in text["row"]["pieces"]] == [False, True], "the first token is never predicted"
    assert model["event"] == "refused" and "hub" in model["error"]["what"], "without a network there is no telling"
    assert here["here"] and here["bytes"] == 0 and fetched_model["weights"] and fetched_model["row"]["tokens"] == 45
    assert data["here"] and data["path"] == str(folder)


def test_rows_are_read_again_when_their_file_has_changed(tmp_path: Path) -> None:
    rows = tmp_path / "train.jsonl"
    desk = form_preview.Desk(Runs(tmp_path / "runs"), tmp_path, lambda **_: None)
    question = {"kind": "plan", "fields": {"data": str(tmp_path), "batch_size": 1}, "row": 0}
    counts = []
    for text in ("one", "one and two"):
        rows.write_text(json.dumps({"text": text}) + "\n")
        counts.append(desk.answer(question)["row"]["tokens"])
    assert counts[0] < counts[1]


def test_pieces_say_what_is_learned_from_and_lose_nothing(tmp_path: Path) -> None:
    spec = RunSpec.make({"data": "record"})
    row = encoded(spec, "train", tmp_path, lambda *_: None).rows[0]
    found = form_preview.pieces(row, tokenizer_of("sprout", tmp_path))
    learned = [text for text, learned in found["pieces"] if learned]
    assert len(learned) == sum(text.count("<|end|>") for text in learned), "each answer ends with its end"
    whole = "".join(text for text, _ in found["pieces"])
    assert whole.startswith("<|user|>") and all(f"<|assistant|>{text}" in whole for text in learned)
    assert found["tokens"] == len(row.ids) and found["supervised"] == row.supervised
