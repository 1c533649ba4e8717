"""Progress in one file: whole, or refused in words, and nothing of it lost on the way."""

import json
import random
import resource
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from learned import everything, json_values

from store import transfer
from store.errors import StoreError
from store.event import Event, from_document, uuid7
from store.event_log import EventLog
from store.transfer import Imported, Newer, NotProgress, Spoilt


def written(folder: Path, count: int = 5) -> EventLog:
    log = EventLog(folder)
    for number in range(count):
        log.append("question.answered", f"lora/one?{number}", {"right": True, "chosen": ["나"], "loss": 0.1 + number})
    return log


def test_all_of_it_arrives_on_another_machine_and_once(tmp_path: Path) -> None:
    here, there, file = written(tmp_path / "here"), EventLog(tmp_path / "there"), tmp_path / "progress.json"
    there.append("a")
    assert transfer.export(here, file) == 5
    assert transfer.import_(there, file) == Imported(new=5, known=0)
    assert transfer.import_(there, file) == Imported(new=0, known=5)
    assert [e for e in EventLog(tmp_path / "there").events() if e.kind != "a"] == list(here.events())
    assert {e.device for e in there.events()} == {here.device, there.device}


def test_the_file_is_as_documented(tmp_path: Path) -> None:
    log, file = written(tmp_path / "log"), tmp_path / "progress.json"
    transfer.export(log, file)
    found = json.loads(file.read_text("ascii"))
    assert (found["format"], found["version"], found["count"]) == ("lowrank-progress", 1, 5)
    assert found["events"] == [event.document() for event in log.events()]
    file.write_text(json.dumps(found, indent=4))
    assert transfer.read(file) == list(log.events())


@given(st.lists(st.dictionaries(st.text(max_size=8), json_values, max_size=8), max_size=5))
def test_what_newer_versions_write_is_carried_word_by_word(documents: list[dict[str, object]]) -> None:
    plain = json.loads(json.dumps(documents), parse_constant=lambda _: None)
    newer = [{**document, "id": uuid7()} for document in plain]
    content = json.loads(transfer.dump(map(from_document, newer)))
    assert content["events"] == newer


def test_unknown_fields_outlive_import_append_and_export(tmp_path: Path) -> None:
    newer = {"id": uuid7(), "device": "f" * 16, "kind": "dream.dreamt", "mood": ["good", 1.5], "payload": [1], "v": 9}
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    first.write_bytes(transfer.dump([from_document(newer)]))
    log = EventLog(tmp_path / "log")
    transfer.import_(log, first)
    log.append("a")
    again = EventLog(tmp_path / "log")
    transfer.export(again, second)
    assert newer in json.loads(second.read_text())["events"]
    odd = Event(uuid7(), "../../etc", "", "from a device without a name")
    assert again.keep([odd]) == 1
    assert odd in EventLog(tmp_path / "log").events()


def test_what_is_not_whole_is_refused_and_nothing_changes(tmp_path: Path) -> None:
    file, log = tmp_path / "progress.json", written(tmp_path / "log")
    transfer.export(log, file)
    whole = file.read_bytes()
    other = EventLog(tmp_path / "other")
    for length in range(0, len(whole) - 2, 100):
        file.write_bytes(whole[:length])
        with pytest.raises(StoreError, match="Nothing was changed"):
            transfer.import_(other, file)
    chance = random.Random(2)
    refused = 0
    for _ in range(60):
        content = bytearray(whole)
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        file.write_bytes(content)
        try:
            assert transfer.read(file) == list(log.events())  # such as a bit of the count, which nobody needs
        except StoreError:
            refused += 1
    assert refused > 50
    assert other.events() == ()
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize(
    ("content", "kind", "words"),
    [
        (b"", NotProgress, "is not progress that Lowrank exported"),
        (b"\x89PNG\r\n\xff", NotProgress, "is not progress"),
        (b"[" * 100_000, NotProgress, "is not progress"),
        (b'{"events": []}', NotProgress, "is not progress"),
        (b'{"format":"lowrank-progress","version":1,"count":0,"sha', Spoilt, "is not whole: it breaks off"),
        (b'{"format":"lowrank-progress","version":"x","events":[]}', Spoilt, "it has no version"),
        (b'{"format":"lowrank-progress","version":1,"events":[{"id":"x"}]}', Spoilt, "it holds what is no event"),
        (b'{"format":"lowrank-progress","version":1,"events":[NaN]}', Spoilt, "breaks off or was changed"),
        (b'{"format":"lowrank-progress","version":1,"events":[]}', Spoilt, "its checksum differs"),
        (b'{"format":"lowrank-progress","version":2,"dreams":[]}', Newer, r"newer Lowrank \(format 2, .* Update"),
    ],
)
def test_each_kind_of_file_has_its_words(tmp_path: Path, content: bytes, kind: type[StoreError], words: str) -> None:
    file = tmp_path / "found.json"
    file.write_bytes(content)
    with pytest.raises(kind, match=words) as caught:
        transfer.read(file)
    assert all(text.startswith(str(file)) for text in caught.value.text.values())
    assert str(caught.value) == caught.value.text["en"] and "요." in caught.value.text["ko"]


def test_files_that_cannot_be_read_or_are_something_else_are_said_plainly(tmp_path: Path) -> None:
    log = written(tmp_path / "log")
    with pytest.raises(StoreError, match=r"could not be read \(No such file"):
        transfer.read(tmp_path / "none.json")
    with pytest.raises(StoreError, match=r"could not be read \(Is a directory"):
        transfer.read(tmp_path)
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear all")
    with pytest.raises(StoreError, match="is there and is not progress"):
        transfer.export(log, letter)
    assert letter.read_text() == "Dear all"
    with pytest.raises(StoreError, match=r"could not be written \(No such file"):
        transfer.export(log, tmp_path / "no folder" / "progress.json")
    assert transfer.export(log, tmp_path / "ok.json") == transfer.export(log, tmp_path / "ok.json") == 5


def test_a_full_disk_leaves_the_export_that_was_there(tmp_path: Path) -> None:
    log, file = written(tmp_path / "log"), tmp_path / "progress.json"
    transfer.export(log, file)
    before = file.read_bytes()
    log.append("a", payload={"text": "x" * 5000})
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3000, limits[1]))
    try:
        with pytest.raises(StoreError, match=r"could not be written \(File too large"):
            transfer.export(log, file)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert file.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log", "progress.json"]


def test_an_import_that_was_broken_off_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("store.event_log.SEGMENT", 4)
    file = tmp_path / "progress.json"
    file.write_bytes(transfer.dump(everything()))
    log = EventLog(tmp_path / "log")
    real, left = log._write, [3]

    def fails(device: str, events: list[Event]) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(28, "No space left on device")
        real(device, events)

    monkeypatch.setattr(log, "_write", fails)
    with pytest.raises(StoreError, match="No space left"):
        transfer.import_(log, file)
    kept = len(EventLog(tmp_path / "log").events())
    assert kept == 12
    monkeypatch.undo()
    assert transfer.import_(log, file) == Imported(len(everything()) - kept, kept)
