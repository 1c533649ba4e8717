"""Mutated files of a run, of progress and of a home: every reader says what is wrong, or reads on, and never breaks."""

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from damages import healthy

import foreign
from lab.errors import LabError
from lab.hostfile import count_ranks
from lab.models.find import find_model, read_config
from lab.models.parameters import safetensors_header, shape_from_config
from lab.reports.comparison import Comparison, as_json
from lab.runs import chat_history, evaluation, votes
from lab.runs.directory import Run, Runs
from lab.runs.run_index import RunIndex
from lab.spec import RunSpec, read_yaml

PIECES = (b"[" * 200, b"{", b"}", b"]", b'"', b"\\ud800", b"\x00", b"\xff", b"\n", b"null", b"NaN", b"1e999", b"-1",
          b"9" * 5000, b": ", b"- ", b"&a ", b"*a", b"!!int ", b"\t", b"true", b"[]", b"{}", b'"x"')  # fmt: skip


def mutated(content: bytes, rng: random.Random) -> bytes:
    """A few bytes cut out, put in, doubled or moved."""
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(content) + 1)
        match rng.randrange(4):
            case 0:
                content = content[:at] + rng.choice(PIECES) + content[at:]
            case 1:
                content = content[:at] + content[at + rng.randint(1, 20) :]
            case 2:
                content = content[:at] + content[max(0, at - rng.randint(1, 50)) :]
            case _:
                value = content.find(b": ", at)
                end = content.find(b",", value)
                if 0 <= value < end:
                    content = content[: value + 2] + rng.choice(PIECES) + content[end:]
    return content


@pytest.fixture
def run(tmp_path: Path) -> Run:
    run = healthy(tmp_path / "runs", "bad")
    (run.path / "talk.jsonl").write_text(json.dumps({"base": "b", "adapter": "a", "text": "t", "scale": 1.0}) + "\n")
    vote = {"prompt": "p", "base": "b", "adapter": "a", "left": "base", "better": "same", "at": ""}
    (run.path / "votes.json").write_text(json.dumps({"votes": [vote]}))
    of = {"file": "adapters.safetensors", "adapter": [1, 2], "data": [1, 2]}
    (run.path / "evaluation.json").write_text(json.dumps({"measured": [{"split": "test", "rows": 0, "of": of}]}))
    Comparison.of([run], tmp_path / "cache")
    return run


def keys(path: Path) -> object:
    return foreign.from_toml(foreign.read_text(path))


def look_at(run: Run, cache: Path) -> None:
    (row,) = RunIndex(Runs(run.path.parent), cache).read()
    json.dumps(vars(row), ensure_ascii=False).encode()
    chat_history.read(run), votes.read(run), evaluation.read(run)
    try:
        json.dumps(as_json(Comparison.of([run], cache)), ensure_ascii=False).encode()
    except LabError as error:
        assert len(str(error)) < 2000


def fuzz(run: Run, cache: Path, seeds: range) -> None:
    names = ("spec.yaml", "events.jsonl", "result.json", "about.json", "evaluation.json", "votes.json", "talk.jsonl")
    whole = {name: (run.path / name).read_bytes() for name in names}
    for seed in seeds:
        rng = random.Random(seed)
        name = rng.choice(names)
        (run.path / name).write_bytes(mutated(whole[name], rng))
        index = run.path.parent / ".index.json"
        if index.exists() and seed % 3 == 0:
            index.write_bytes(mutated(index.read_bytes(), rng))
        try:
            look_at(run, cache)
        except Exception as error:
            raise AssertionError(f"seed {seed}, {name}") from error
        (run.path / name).write_bytes(whole[name])


def test_some_mutations_of_a_run(run: Run, tmp_path: Path) -> None:
    fuzz(run, tmp_path / "cache", range(60))


@pytest.mark.long
def test_many_mutations_of_a_run(run: Run, tmp_path: Path) -> None:
    fuzz(run, tmp_path / "cache", range(60, 2000))


@pytest.mark.parametrize("count", [100, pytest.param(3000, marks=pytest.mark.long)])
def test_mutations_of_what_describes_models_and_machines(count: int, run: Run, tmp_path: Path) -> None:
    model = tmp_path / "model"
    shutil.copytree(Path(__file__).parents[2] / "lab" / "bundled" / "models" / "sprout", model)
    config = (model / "config.json").read_bytes()
    header = (run.adapters / "adapters.safetensors").read_bytes()
    hosts, spec = b'[{"ssh": "a", "ips": ["1.2.3.4"]}, {"ssh": "b"}]', (run.path / "spec.yaml").read_bytes()
    readers: tuple[tuple[Path, bytes, Callable[[Path], object]], ...] = (
        (model / "config.json", config, lambda path: shape_from_config(read_config(path.parent))),
        (model / "config.json", config, lambda path: find_model(str(path.parent), tmp_path)),
        (tmp_path / "a.safetensors", header, safetensors_header),
        (tmp_path / "hosts.json", hosts, lambda path: count_ranks(RunSpec(ranks=2, hostfile=str(path)))),
        (tmp_path / "spec.yaml", spec, read_yaml),
        (tmp_path / "keys.toml", b'"app.quit" = "x"\n[lab]\nstop = "y"\n', keys),
    )  # fmt: skip
    for seed in range(count):
        rng = random.Random(seed)
        path, whole, read = readers[seed % len(readers)]
        path.write_bytes(mutated(whole, rng))
        try:
            read(path)
        except (LabError, ValueError, KeyError, TypeError, ZeroDivisionError):
            pass  # `shape_from_config` says so by these
        except Exception as error:
            raise AssertionError(f"seed {seed}, {path.name}") from error
        path.write_bytes(whole)
