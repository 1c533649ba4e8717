"""Every kind of damage that a run directory was found with, or may be: each is a function that does it."""

import json
import os
from collections.abc import Callable
from pathlib import Path

from lab.runs.directory import Run, Runs
from lab.spec import RunSpec

Damage = Callable[[Path], None]
DEEP = 100_000


def healthy(root: Path, name: str, **fields: object) -> Run:
    """A finished run with all the files that one may have."""
    made = Runs(root).create(RunSpec.make({"iters": 20, **fields}), model_path="sprout", data_path="sql")
    run = Run(made.path.rename(made.path.with_name(name)))
    header = json.dumps({"a": {"dtype": "F32", "shape": [10], "data_offsets": [0, 40]}}).encode()
    (run.adapters / "adapters.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + bytes(40))
    word = {"event": "finished", "run": name, "method": "LoRA", "iterations": 20, "train_loss": 1.5, "val_loss": 1.25}
    told = [
        {"event": "started", "at": "2026-11-30T10:00:00+00:00", "method": "LoRA", "iterations": 20},
        {"event": "validation", "iteration": 0, "val_loss": 4.0},
        *({"event": "train", "iteration": at, "train_loss": 3 / at, "elapsed_seconds": at} for at in range(1, 21)),
        {"event": "samples", "iteration": 20, "answers": [{"prompt": "p", "expected": "e", "text": "t"}]},
        {"event": "validation", "iteration": 20, "val_loss": 1.25},
        word,
    ]
    (run.path / "events.jsonl").write_text("".join(json.dumps(each) + "\n" for each in told))
    (run.path / "result.json").write_text(json.dumps(word))
    (run.path / "about.json").write_text(json.dumps({"name": "a name", "notes": "n", "tags": ["t"], "group": "g"}))
    (run.path / "log.txt").write_text("a line\n")
    return run


def holds(name: str, content: str | bytes) -> Damage:
    def do(path: Path) -> None:
        raw = content.encode() if isinstance(content, str) else content
        (path / name).parent.mkdir(exist_ok=True)
        (path / name).write_bytes(raw)

    return do


def says(name: str, value: object) -> Damage:
    """Events, or an object, of JSON."""
    return holds(name, json.dumps(value) + "\n")


def adds(name: str, content: str) -> Damage:
    """More behind what a file holds."""

    def do(path: Path) -> None:
        with (path / name).open("a") as file:
            file.write(content)

    return do


def in_place(name: str, make: Callable[[Path], object]) -> Damage:
    """Something else in the place of a file or folder."""

    def do(path: Path) -> None:
        target = path / name
        if target.is_dir():
            target.rename(target.with_name(f"{target.name}-before"))
        else:
            target.unlink(missing_ok=True)
        target.parent.mkdir(exist_ok=True)
        make(target)

    return do


FOLDER, PIPE = Path.mkdir, os.mkfifo
LOOP: Callable[[Path], object] = lambda path: path.symlink_to(path.name)  # noqa: E731
DEVICE: Callable[[Path], object] = lambda path: path.symlink_to("/dev/zero")  # noqa: E731
NOWHERE: Callable[[Path], object] = lambda path: path.symlink_to("/nowhere/at/all")  # noqa: E731
NESTED = "[" * DEEP
DIGITS = "9" * 5000
OBJECTS = ("result.json", "about.json", "evaluation.json", "votes.json", "state/process.json", "state/digest.json")
FILES = ("spec.yaml", "events.jsonl", "log.txt", "talk.jsonl", *OBJECTS)
BOMB = "\n".join(["a0: &a0 [x, x, x, x, x, x, x, x, x, x]",
                  *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10))])  # fmt: skip

DAMAGES: dict[str, Damage] = {
    **{f"{kind} for {name}": in_place(name, make) for name in (*FILES, "adapters", "state")
       for kind, make in (("a folder", FOLDER), ("a pipe", PIPE), ("a loop", LOOP), ("a device", DEVICE))
       if kind != "a folder" or "." in name},
    **{f"{name} leads nowhere": in_place(name, NOWHERE) for name in ("spec.yaml", "events.jsonl", "state")},
    **{f"{name} empty": holds(name, "") for name in FILES},
    **{f"{name} nested": holds(name, NESTED) for name in FILES},
    **{f"{name} no text": holds(name, b"\xff\xfe\x00\x01") for name in FILES},
    **{f"{name} a list": holds(name, "[]") for name in FILES},
    **{f"{name} large": in_place(name, lambda path: os.truncate(_touched(path), 1 << 33)) for name in OBJECTS},
    **{f"{kind} for {name}": in_place(name, make) for name in ("state/launch.lock", "state/engine.lock", "state/stop")
       for kind, make in (("a folder", FOLDER), ("a pipe", PIPE), ("a loop", LOOP))},
    "lowrank: 5": adds("spec.yaml", "lowrank: 5\n"),
    "lowrank: a list": adds("spec.yaml", "lowrank: [1]\n"),
    "a spec of other types": holds("spec.yaml", "model: [1]\ndata: {a: 1}\nlora_parameters: abc\niters: x\n"),
    "a spec with unknown fields": adds("spec.yaml", "nonsense: 5\n"),
    "a spec with a long number": adds("spec.yaml", f"seed: {DIGITS}\n"),
    "a spec without an end": adds("spec.yaml", "learning_rate: .inf\nscale: .nan\n"),
    "a bomb": adds("spec.yaml", BOMB),
    "a spec that holds itself": holds("spec.yaml", "a: &a [*a]\n"),
    "a spec of odd tags": holds("spec.yaml", "a: !!int x\nb: 2001-99-99\n? [1]\n: 2\n"),
    "a spec with half a character": adds("spec.yaml", 'sample_prompts: ["\\uD800"]\n'),
    "keys that are numbers": holds("spec.yaml", "1: 2\n2.5: 3\nnull: 4\n"),
    "a result without types": says("result.json", {
        "event": "finished", "run": 5, "method": ["x"], "error": 5, "verdict": "x", "iterations": "many",
        "val_loss": {}, "seconds": []}),
    "a failure without types": says("result.json", {"event": "failed", "error": "it broke", "verdict": {"kind": []}}),
    "a failure of numbers": says("result.json", {"event": "failed", "error": {"what": 5, "where": [], "remedy": {}}}),
    "a result of no state": says("result.json", {"event": "nonsense"}),
    "a result whose state is a list": says("result.json", {"event": ["finished"]}),
    "a result without an end": holds(
        "result.json", f'{{"event": "finished", "val_loss": 1e999, "iterations": {DIGITS}}}'),
    "a result of huge counts": holds(
        "result.json", f'{{"event": "finished", "iterations": {"9" * 400}, "seconds": 1}}'),
    "half a character": holds("about.json", '{"name": "\\ud800", "notes": "\\udfff", "tags": ["\\ud800"], "group": 5}'),
    "an about of other types": says("about.json", {"name": {}, "notes": [1], "tags": 5, "group": None}),
    "tags of everything": says("about.json", {"tags": [1, None, {}, "x", ["y"]]}),
    "an evaluation of other types": says("evaluation.json", {"measured": 5}),
    "an evaluation of nothing": says("evaluation.json", {"measured": [5, {"of": 5}, {"of": {}, "split": "test"}]}),
    "votes of other types": says("votes.json", {"votes": [{"prompt": 5, "base": [], "adapter": {}, "left": 1,
                                                           "better": "base", "scale": "x"}]}),
    "votes of nothing": says("votes.json", {"votes": 5}),
    "a process of other types": says("state/process.json", {"pid": "x", "created": []}),
    "a process without an end": holds("state/process.json", '{"pid": 1e999, "created": 1e999}'),
    "a process beyond all": says("state/process.json", {"pid": 10**18, "created": 1.0, "log_bytes": "x"}),
    "a talk of other types": says("talk.jsonl", {"base": "b", "adapter": "a", "messages": 5, "text": [], "scale": "x"}),
    "events of other types": adds("events.jsonl", "\n".join(json.dumps(each) for each in (
        5, [], "x", None, {"event": 5}, {"event": ["train"]}, {"event": "train", "iteration": "x", "train_loss": []},
        {"event": "started", "iterations": {}, "base_bytes": "x", "method": [], "at": 5},
        {"event": "stage", "stage": [], "position": "x"}, {"event": "samples", "iteration": 3, "answers": [5, {}]},
        {"event": "samples", "iteration": 4, "answers": [{"prompt": 5, "expected": [], "text": {}}]},
        {"event": "resumed", "iteration": "x"}, {"event": "saved", "iteration": []},
        {"event": "failed", "error": "x", "verdict": []})) + "\n"),
    "events without an end": adds("events.jsonl", f'{{"event": "train", "iteration": {DIGITS}, "train_loss": 1e999}}\n'
                                  f'{{"event": "train", "iteration": {"9" * 400}, "elapsed_seconds": {"9" * 400}}}\n'
                                  '{"event": "validation", "iteration": -1e999, "val_loss": NaN}\n'),
    "a long line of events": adds("events.jsonl", json.dumps({"event": "x", "text": "y" * (3 << 20)}) + "\n"),
    "a digest of other types": says("state/digest.json", {"version": 1, "offset": 0, "tail": "x", "progress": 5}),
    "an adapter of nothing": holds("adapters/adapters.safetensors", ""),
    "an adapter of numbers": holds("adapters/adapters.safetensors", (10).to_bytes(8, "little") + b'{"a": 1}  '),
    "an adapter without an end": holds("adapters/adapters.safetensors", (1 << 62).to_bytes(8, "little")),
    "an adapter that is a folder": in_place("adapters/adapters.safetensors", FOLDER),
    "a checkpoint of no number": holds("adapters/0x_adapters.safetensors", ""),
    "a checkpoint of a strange number": holds("adapters/9²_adapters.safetensors", ""),
}  # fmt: skip


def _touched(path: Path) -> Path:
    path.touch()
    return path
