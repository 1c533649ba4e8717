"""Fetching with the real client from a hub on this machine: rows, splits, breaks, and every way it can go wrong."""

import io
import json
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from hub import Hub
from waiting import wait_for

from lab import client
from lab.datasets.find import find_data

CHUNK = 10 << 20
"""Bytes that the client writes at once."""
LARGE = b"".join(b'{"text": "%03d' % n + b"x" * 1_000_000 + b'"}\n' for n in range(25))
ROWS = {"train": 40, "valid": 4, "test": 6}


def jsonl(count: int, **more: Any) -> bytes:
    return b"".join(json.dumps({"text": f"row {n} " + "x" * 50, **more}).encode() + b"\n" for n in range(count))


def parquet(rows: list[dict[str, Any]]) -> bytes:
    out = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), out)
    return out.getvalue()


@pytest.fixture
def hub() -> Iterator[Hub]:
    with Hub() as made:
        made.add_dataset("org/rows", {f"{split}.jsonl": jsonl(count, id=1) for split, count in ROWS.items()})
        yield made


def begin(home: Path, environment: dict[str, str], name: str = "org/rows") -> "subprocess.Popen[str]":
    command = client.engine_command("fetch", name, "--cache", str(home / "cache"))
    env = {**client.engine_environment(home / "cache"), **environment}
    return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def fetch(home: Path, environment: dict[str, str], name: str = "org/rows") -> dict[str, Any]:
    """The last word of a fetch: event `fetched` or `failed`."""
    out, err = begin(home, environment, name).communicate(timeout=300)
    assert out, err
    told: dict[str, Any] = json.loads(out.splitlines()[-1])
    return told


def left(home: Path) -> list[str]:
    """What lies where data sets do, but for locks."""
    return sorted(str(p.relative_to(home / "cache/data")) for p in (home / "cache/data").rglob("*")
                  if ".locks" not in p.parts and p.is_file())  # fmt: skip


def test_rows_come_once_in_mlx_lms_layout_and_say_where_they_are_from(hub: Hub, tmp_path: Path) -> None:
    train = hub.datasets["org/rows"].files["train.jsonl"]
    hub.datasets["org/rows"].files["train.jsonl"] = b"\xef\xbb\xbf" + train + b'{"text": ""}\n{"text"\n'
    commit = hub.datasets["org/rows"].commit
    told = fetch(tmp_path, hub.environment(tmp_path))
    folder = tmp_path / "cache/data/org/rows"
    assert (told["event"], told["path"], told["rows"]) == ("fetched", str(folder), ROWS)
    assert left(tmp_path) == [
        f"org/rows/{name}" for name in ("source.json", "test.jsonl", "train.jsonl", "valid.jsonl")
    ]
    source = json.loads((folder / "source.json").read_text())
    assert (source["id"], source["commit"], source["columns_left_out"]) == ("org/rows", commit, ["id"])
    assert source["left_out"] == {"train": {"text is empty": 1, "not JSON": 1}}, "nothing is dropped in silence"
    data = find_data(str(folder))
    assert data.format == "text" and data.rows == ROWS and data.sample == {"text": "row 0 " + "x" * 50}
    from mlx_lm.tuner.datasets import load_local_dataset

    theirs = load_local_dataset(folder, None, SimpleNamespace())
    assert [len(split) for split in theirs] == list(ROWS.values()), "stock mlx-lm reads the same"
    hub.asked.clear()
    assert fetch(tmp_path, hub.environment(tmp_path))["rows"] == ROWS and not hub.asked


def test_parquet_in_shards_and_chats_whose_turns_differ(hub: Hub, tmp_path: Path) -> None:
    call = [{"function": {"name": "f", "arguments": "{}"}}]
    chat = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "", "tool_calls": call},
            {"role": "tool", "content": "7"}, {"role": "assistant", "content": "b"}]  # fmt: skip
    shard = parquet([{"messages": chat, "score": 0.5}] * 3)
    hub.add_dataset("org/chat", {"data/train-00000-of-00002.parquet": shard, "data/train-00001-of-00002.parquet": shard,
                                 "data/validation-00000-of-00001.parquet": shard})  # fmt: skip
    told = fetch(tmp_path, hub.environment(tmp_path), "org/chat")
    assert told["rows"] == {"train": 6, "valid": 3} and told["columns_left_out"] == ["score"]
    assert find_data(told["path"]).sample["messages"] == chat


def test_a_subset_of_a_card_has_a_folder_of_its_own(hub: Hub, tmp_path: Path) -> None:
    card = "---\nconfigs: [{config_name: a, data_files: one.jsonl}, {config_name: b, data_files: two.jsonl}]\n---\n# x"
    hub.add_dataset("org/two", {"README.md": card.encode(), "one.jsonl": jsonl(1), "two.jsonl": jsonl(2)})
    assert "org/two:a, org/two:b" in fetch(tmp_path, hub.environment(tmp_path), "org/two")["error"]["remedy"]
    told = fetch(tmp_path, hub.environment(tmp_path), "org/two:b")
    assert told["rows"] == {"train": 2} and told["path"].endswith("cache/data/org/two@b")


def test_a_connection_that_breaks_goes_on_where_it_was(hub: Hub, tmp_path: Path) -> None:
    hub.add_dataset("org/rows", {"train.jsonl": LARGE})
    hub.cut = 1
    told = fetch(tmp_path, hub.environment(tmp_path))
    assert told["rows"] == {"train": 25} and hub.ranges == [f"bytes={CHUNK}-"]


def test_a_fetch_that_was_killed_goes_on_where_it_was(hub: Hub, tmp_path: Path) -> None:
    hub.add_dataset("org/rows", {"train.jsonl": LARGE})
    hub.hold.clear()
    process = begin(tmp_path, hub.environment(tmp_path))
    part = tmp_path / f"cache/data/org/.rows.fetching/{hub.datasets['org/rows'].commit}/train-00000.jsonl.part"
    wait_for(lambda: part.exists() and part.stat().st_size == CHUNK)
    process.kill()
    process.wait()
    hub.hold.set()
    assert not (tmp_path / "cache/data/org/rows").exists()
    assert fetch(tmp_path, hub.environment(tmp_path))["rows"] == {"train": 25}
    assert hub.ranges == [f"bytes={CHUNK}-"]
    assert (tmp_path / "cache/data/org/rows/train.jsonl").read_bytes() == LARGE


@pytest.mark.parametrize("how", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.long)])
def test_a_fetch_that_is_cancelled_leaves_nothing(how: signal.Signals, hub: Hub, tmp_path: Path) -> None:
    hub.hold.clear()
    process = begin(tmp_path, hub.environment(tmp_path))
    assert hub.halted.wait(120)
    process.send_signal(how)
    assert process.wait(60) != 0
    assert left(tmp_path) == []


def closed() -> str:
    """An address at which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


@pytest.mark.parametrize(
    ("name", "environment", "what", "remedy"),
    [
        ("org/none", {}, "the hub has no such data set, or it is private", "check the spelling"),
        ("org/gated", {}, "is gated", "/datasets/org/gated"),
        ("org/down", {}, "answers with 501", "try again"),
        ("org/tests", {}, "has no train split, only test", "another data set"),
        ("org/strange", {}, "its rows have the columns instruction, output", "prompt and completion"),
        ("org/empty", {}, "nothing in its train split can be learned from (text is empty)", "another"),
        ("org/rows", {"HF_HUB_OFFLINE": "1"}, "HF_HUB_OFFLINE forbids", "unset HF_HUB_OFFLINE"),
        ("org/rows", {"HF_ENDPOINT": "closed"}, "cannot be reached", "check the network"),
    ],
)
def test_what_goes_wrong_is_said_with_what_to_do(
    name: str, environment: dict[str, str], what: str, remedy: str, hub: Hub, tmp_path: Path
) -> None:
    hub.add_dataset("org/gated", {"train.jsonl": jsonl(1)}, status=403, code="GatedRepo")
    hub.add_dataset("org/down", {}, status=501)
    hub.add_dataset("org/tests", {"test.jsonl": jsonl(1)})
    hub.add_dataset("org/strange", {"train.jsonl": b'{"instruction": "a", "output": "b"}\n'})
    hub.add_dataset("org/empty", {"train.jsonl": b'{"text": ""}\n'})
    changed = {key: closed() if value == "closed" else value for key, value in environment.items()}
    told = fetch(tmp_path, hub.environment(tmp_path) | changed, name)
    assert told["event"] == "failed" and told["error"]["where"] == name
    assert what in told["error"]["what"] and remedy in told["error"]["remedy"], told
    assert left(tmp_path) == [] if (tmp_path / "cache/data").exists() else True


def test_a_disk_without_room_is_said_before_anything_comes(hub: Hub, tmp_path: Path) -> None:
    code = "import shutil; from types import SimpleNamespace as S; shutil.disk_usage = lambda _: S(free=1000)\n"
    (tmp_path / "sitecustomize.py").write_text(code)
    paths = os.pathsep.join([str(tmp_path), client.engine_environment(tmp_path)["PYTHONPATH"]])
    told = fetch(tmp_path, hub.environment(tmp_path) | {"PYTHONPATH": paths})
    assert "the disk has 1.0 kB free" in told["error"]["what"] and "make room" in told["error"]["remedy"]
    assert left(tmp_path) == [] and not any("train" in path for _, path in hub.asked)
