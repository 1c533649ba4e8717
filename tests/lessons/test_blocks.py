"""Every Python block of every lesson runs, in a folder that holds what lessons speak of."""

import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from lessons.course import Code
from lessons.loader import load_course

BLOCKS = [
    (lesson.id, block)
    for track in load_course().tracks
    for lesson in track.lessons
    for section in lesson.sections
    for block in section.blocks["en"]
    if isinstance(block, Code) and block.language == "python"
]
GIVEN = {"lora/your-own-data/orders": ["orders", "4"]}
"""What a block is called with, if not with an adapter."""
SQL = Path(__file__).parents[2] / "lab" / "bundled" / "data" / "sql"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small adapter, and a data set in `data/`; a block is called with the path of the adapter."""
    folder = tmp_path_factory.mktemp("desk")
    tensors = {
        f"model.layers.{layer}.self_attn.q_proj.lora_{side}": {"dtype": "F32", "shape": shape, "data_offsets": [0, 0]}
        for layer in (0, 1)
        for side, shape in (("a", [16, 2]), ("b", [2, 16]))
    }
    start = 0
    for tensor in tensors.values():
        tensor["data_offsets"] = [start, start + 4 * 32]
        start += 4 * 32
    header = json.dumps(tensors).encode()
    (folder / "adapters.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + bytes(start))
    shutil.copytree(SQL, folder / "data")
    return folder


@pytest.fixture(scope="module", autouse=True)
def server() -> Iterator[None]:
    """Answers where `mlx_lm.server` would, for the block that asks it."""
    with ThreadingHTTPServer(("127.0.0.1", 8080), Answer) as serving:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        yield
        serving.shutdown()


class Answer(BaseHTTPRequestHandler):
    """One chat completion, whatever is asked."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        said = {"choices": [{"message": {"role": "assistant", "content": asked["messages"][-1]["content"]}}]}
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(said).encode())


@pytest.mark.parametrize(("lesson", "block"), BLOCKS, ids=[f"{lesson}/{block.id}" for lesson, block in BLOCKS])
def test_a_python_block_runs(desk: Path, lesson: str, block: Code) -> None:
    command = [sys.executable, "-c", block.text, *GIVEN.get(f"{lesson}/{block.id}", ["adapters.safetensors"])]
    result = subprocess.run(command, cwd=desk, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() or list(desk.glob("orders/*.jsonl"))
