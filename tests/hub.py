"""A hub on this machine for the real huggingface_hub client: models and data sets from memory, over loopback.

with Hub() as hub:
    hub.add_dataset("org/name", {"train.jsonl": b"…"})
    hub.add_model("org/base", files_of(folder))
    subprocess.run(…, env={**os.environ, **hub.environment(tmp_path)})
"""

import hashlib
import json
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit


@dataclass
class Repository:
    """Files by name; `status` is answered in their place, with `code` as the hub's X-Error-Code."""

    files: dict[str, bytes]
    status: int = 200
    code: str = ""

    @property
    def commit(self) -> str:
        digest = hashlib.sha1()
        for name, data in sorted(self.files.items()):
            digest.update(name.encode() + b"\0" + data + b"\0")
        return digest.hexdigest()


def etag(data: bytes) -> str:
    """What git calls a file of these bytes."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def files_of(folder: Path) -> dict[str, bytes]:
    """Every file below a folder by its name there."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@dataclass
class Hub:
    """`asked` are method and path of every request; `cut` ends the next so many bodies after some bytes."""

    models: dict[str, Repository] = field(default_factory=dict)
    datasets: dict[str, Repository] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    ranges: list[str] = field(default_factory=list)
    cut: int = 0
    """Bodies of which only the first half is still to be sent."""
    hold: threading.Event = field(default_factory=threading.Event)
    """While cleared, every body stops after its first half."""
    halted: threading.Event = field(default_factory=threading.Event)
    """Set when a body waits for `hold`."""

    def __enter__(self) -> Self:
        self.hold.set()
        hub = self

        class Handler(_Handler):
            served = hub

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.hold.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def environment(self, home: Path) -> dict[str, str]:
        """What a program needs to know to ask here and nowhere else, with a cache of its own."""
        return {
            "HF_ENDPOINT": self.url,
            "HF_HOME": str(home / "hf"),
            "HF_HUB_OFFLINE": "0",
            "HF_HUB_DISABLE_XET": "1",
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
        }

    def add_model(self, name: str, files: Mapping[str, bytes], **answer: Any) -> Repository:
        self.models[name] = Repository(dict(files), **answer)
        return self.models[name]

    def add_dataset(self, name: str, files: Mapping[str, bytes], **answer: Any) -> Repository:
        self.datasets[name] = Repository(dict(files), **answer)
        return self.datasets[name]


class _Handler(BaseHTTPRequestHandler):
    served: Hub
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def log_message(self, *_: object) -> None:
        pass

    def _answer(self) -> None:
        url = urlsplit(self.path)
        path = unquote(url.path)
        self.served.asked.append((self.command, path))
        api = re.fullmatch(r"/api/(models|datasets)/([^/]+/[^/]+)(?:/(revision|tree)/([^/]+)(/.*)?)?", path)
        file = re.fullmatch(r"/(datasets/)?([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path)
        if api:
            kind, name, what = api[1], api[2], api[3]
            repository = self._repository(kind, name)
            if repository is None:
                return
            wanted = "blobs" in parse_qs(url.query)
            self._json(_tree(repository) if what == "tree" else _info(name, repository, wanted))
        elif file:
            repository = self._repository("datasets" if file[1] else "models", file[2])
            if repository is not None:
                self._file(repository, file[4])
        else:
            self._refuse(404, "")

    def _repository(self, kind: str, name: str) -> Repository | None:
        found = getattr(self.served, kind).get(name)
        if found is None:  # as the hub answers somebody who is not logged in
            self._refuse(401, "RepoNotFound")
            return None
        if found.status != 200 and not (found.code == "GatedRepo" and self.path.startswith("/api/")):
            self._refuse(found.status, found.code)
            return None
        assert isinstance(found, Repository)
        return found

    def _refuse(self, status: int, code: str) -> None:
        self.send_response(status)
        if code:
            self.send_header("X-Error-Code", code)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _json(self, value: object) -> None:
        data = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(data)

    def _file(self, repository: Repository, name: str) -> None:
        data = repository.files.get(name)
        if data is None:
            self.send_response(404)
            self.send_header("X-Error-Code", "EntryNotFound")
            self.send_header("X-Repo-Commit", repository.commit)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        start = int(asked[1]) if asked else 0
        if asked:
            self.served.ranges.append(self.headers["Range"])
        self.send_response(206 if asked else 200)
        if asked:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        self.send_header("ETag", f'"{etag(data)}"')
        self.send_header("X-Repo-Commit", repository.commit)
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(len(data) - start))
        self.end_headers()
        if self.command == "GET":
            self._send(data[start:])

    def _send(self, data: bytes) -> None:
        half = len(data) // 2
        hub = self.served
        if hub.cut:
            hub.cut -= 1
            self.wfile.write(data[:half])
            self.close_connection = True
            return
        if not hub.hold.is_set() and half:
            self.wfile.write(data[:half])
            self.wfile.flush()
            hub.halted.set()
            hub.hold.wait()
            data = data[half:]
        try:
            self.wfile.write(data)
        except OSError:  # whoever asked is gone
            self.close_connection = True


def _info(name: str, repository: Repository, sizes: bool) -> dict[str, Any]:
    files = [{"rfilename": n, **({"size": len(d), "blobId": etag(d)} if sizes else {})}
             for n, d in sorted(repository.files.items())]  # fmt: skip
    gated = "manual" if repository.code == "GatedRepo" else False
    return {"_id": "0" * 24, "id": name, "sha": repository.commit, "private": False, "gated": gated, "disabled": False,
            "tags": [], "downloads": 0, "likes": 0, "siblings": files}  # fmt: skip


def _tree(repository: Repository) -> list[dict[str, Any]]:
    return [{"type": "file", "path": n, "size": len(d), "oid": etag(d)} for n, d in sorted(repository.files.items())]
