"""Fetching models and data sets from a hub, and writing fetched rows down in mlx-lm's layout.

A data set appears in its folder whole or not at all. What a broken download has brought is kept for the next attempt;
what somebody cancelled is not. Only data is read: no code of a repository is fetched or run.
"""

import errno
import json
import os
import shutil
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Final

import httpx2
from filelock import FileLock
from huggingface_hub import HfApi, constants, get_session, hf_hub_download, hf_hub_url
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
)
from huggingface_hub.file_download import http_get
from huggingface_hub.utils import build_hf_headers

from foreign import from_yaml
from lab.datasets.check.jsonl import read
from lab.datasets.check.problems import ERRORS
from lab.datasets.find import KEYS, SPLITS, faults, format_of, key_names
from lab.errors import LabError
from lab.hub import SOURCE, choose, data_folder, hub_cache, is_data_id, model_folder, source
from lab.units import size as readable

MODEL_FILES: Final = ("*.json", "model*.safetensors", "*.jinja", "*.txt", "tokenizer.model", "*.tiktoken")
"""Of a model: never pickles, and no Python, which a repository may ask to be run."""
PATIENCE: Final = 15
"""Seconds for an answer about a repository."""
EVERY: Final = 0.1
"""Seconds between reports of progress."""
CARD: Final = 1 << 20
"""Bytes of a README.md that are looked at."""
BATCH: Final = 1024
"""Rows of a Parquet file in memory at once."""
ROOM: Final = 3
"""Times the size of the files that a data set takes while its rows are written: Parquet is packed."""

Tell = Callable[[str, int, int], None]
"""Called with "fetching" or "writing", and bytes done and in all."""


def model_cost(model_id: str) -> dict[str, Any]:
    """{here, bytes}: whether the weights are on this machine, and what is to be fetched of them.

    Raises LabError if the hub has no such model or cannot be reached.
    """
    if model_folder(model_id):
        return {"here": True, "bytes": 0}
    files = _described(model_id, "model").files
    wanted = {name: size for name, size in files.items() if any(fnmatch(name, each) for each in MODEL_FILES)}
    if not any(name.endswith(".safetensors") for name in wanted):
        raise LabError("holds no *.safetensors file", where=model_id, remedy="only safetensors weights are loaded")
    return {"here": False, "bytes": sum(wanted.values())}


def fetch_model(model_id: str, tell: Tell) -> dict[str, Any]:
    """The model in the cache that mlx-lm and others share: {path, bytes}. Raises LabError if it cannot be had."""
    cost = model_cost(model_id)
    if cost["here"]:
        return {"path": str(model_folder(model_id)), "bytes": 0}
    _need(hub_cache(), cost["bytes"], model_id)
    _fetch_files(model_id, MODEL_FILES, tell)
    folder = model_folder(model_id)
    if folder is None:
        raise LabError("came without config.json, tokenizer or a shard of its weights", where=model_id,
                       remedy="take another repository of this model")  # fmt: skip
    return {"path": str(folder), "bytes": cost["bytes"]}


def fetch_config(model_id: str) -> Path:
    """The folder of a model with its config.json, which is fetched if it is not here. Raises LabError."""
    with _troubles(model_id, "model"):
        try:
            path = hf_hub_download(model_id, "config.json", local_files_only=True)
        except LocalEntryNotFoundError:
            path = hf_hub_download(model_id, "config.json")
    return Path(path).parent


def fetch_tokenizer(model_id: str) -> Path:
    """The folder of a model with its tokenizer and without its weights. Raises LabError if it cannot be had."""
    return _fetch_files(model_id, tuple(each for each in MODEL_FILES if "safetensors" not in each), lambda *_: None)


def _fetch_files(model_id: str, patterns: Sequence[str], tell: Tell) -> Path:
    """The files of a model that are called so, in the hub's cache; those that are there are not fetched again."""
    files = _described(model_id, "model").files
    wanted = {name: size for name, size in files.items() if any(fnmatch(name, each) for each in patterns)}
    done, total, folder = 0, sum(wanted.values()), hub_cache()
    for name, size in wanted.items():
        with _troubles(model_id, "model"):
            path = hf_hub_download(model_id, name, tqdm_class=_bar(_counting(tell, done, total)))
        done += size
        tell("fetching", done, total)
        folder = Path(path).parents[name.count("/")]
    return folder


def data_cost(data_id: str, cache: Path) -> dict[str, Any]:
    """{here, bytes, path}: the same of a data set, and the folder it is in or will be in."""
    folder = data_folder(data_id, cache)
    if (folder / "train.jsonl").exists():
        return {"here": True, "bytes": 0, "path": str(folder)}
    found = _described(_repository(data_id), "dataset")
    splits = choose(found.files, _card(found), data_id)
    return {"here": False, "bytes": _bytes(found, splits), "path": str(folder)}


def fetch_data(data_id: str, cache: Path, tell: Tell = lambda *_: None) -> dict[str, Any]:
    """The rows of a data set in a folder of their own: {path, bytes} and what `source.json` there says.

    Raises LabError if they do not come, or are of no shape that training reads.
    """
    folder = data_folder(data_id, cache)
    locks = cache / "data" / ".locks"
    locks.mkdir(parents=True, exist_ok=True)
    with FileLock(locks / f"{data_id.replace('/', '--')}.lock"):  # who comes second finds it there
        if (folder / "train.jsonl").exists():
            return {"path": str(folder), "bytes": 0, **source(folder)}
        with _troubles(data_id, "data set"):
            found = _described(_repository(data_id), "dataset")
            splits = choose(found.files, _card(found), data_id)
            work = folder.with_name(f".{folder.name}.fetching")
            with _cancelled_leaves_nothing(work):
                told = _fetch(data_id, found, splits, work, tell)
            if folder.exists():
                shutil.rmtree(folder)  # no training rows in it, so no data set
            os.replace(work / "rows", folder)
            shutil.rmtree(work, ignore_errors=True)
    return {"path": str(folder), "bytes": _bytes(found, splits), **told}


@dataclass(frozen=True)
class Described:
    """A repository at one commit: its files and their sizes."""

    repository: str
    commit: str
    files: Mapping[str, int]


def _described(repository: str, kind: str) -> Described:
    with _troubles(repository, "data set" if kind == "dataset" else kind):
        look = HfApi().model_info if kind == "model" else HfApi().dataset_info
        info: Any = look(repository, files_metadata=True, timeout=PATIENCE)
    return Described(repository, str(info.sha), {file.rfilename: int(file.size or 0) for file in info.siblings or ()})


def _repository(data_id: str) -> str:
    if not is_data_id(data_id):
        raise LabError("is no id of a data set", where=data_id, remedy="give one like org/name", usage=True)
    return data_id.partition(":")[0]


def _card(found: Described) -> Mapping[str, Any]:
    """The head of the repository's README.md, which says which files make which split; empty where there is none."""
    if not 0 < found.files.get("README.md", 0) <= CARD:
        return {}
    url = hf_hub_url(found.repository, "README.md", repo_type="dataset", revision=found.commit)
    with _troubles(found.repository, "data set"):
        response = get_session().get(url, headers=build_hf_headers(), timeout=PATIENCE, follow_redirects=True)
        if response.status_code != 200:
            return {}
    parts = response.text.split("---\n", 2)
    try:
        card = from_yaml(parts[1]) if len(parts) == 3 and not parts[0].strip() else {}
    except ValueError:
        return {}
    return card if isinstance(card, dict) else {}


def _bytes(found: Described, splits: Mapping[str, list[str]]) -> int:
    return sum(found.files[name] for names in splits.values() for name in names)


def _fetch(data_id: str, found: Described, splits: Mapping[str, list[str]], work: Path, tell: Tell) -> dict[str, Any]:
    """Download the files of these splits and write their rows into `work`/rows; what is to be known of them."""
    parts, rows = work / found.commit, work / "rows"
    for old in work.glob("*") if work.is_dir() else ():
        if old != parts:
            shutil.rmtree(old)
    parts.mkdir(parents=True, exist_ok=True)
    total, done = _bytes(found, splits), 0
    _need(parts, ROOM * total - sum(path.stat().st_size for path in parts.iterdir()), data_id)
    files: dict[str, list[Path]] = {}
    for split, names in splits.items():
        for name in names:
            target = parts / f"{split}-{len(files.get(split, ())):05}{Path(name).suffix.lower()}"
            _download(found, name, target, _counting(tell, done, total))
            done += found.files[name]
            tell("fetching", done, total)
            files.setdefault(split, []).append(target)
    rows.mkdir()
    told = _write(data_id, {split: files[split] for split in SPLITS if split in files}, rows, tell)
    told = {"id": data_id, "commit": found.commit, "fetched": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
            "files": dict(splits), **told}  # fmt: skip
    (rows / SOURCE).write_text(json.dumps(told, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return told


def _counting(tell: Tell, before: int, total: int) -> Callable[[int], None]:
    """What takes note of bytes that came, and of those that had come earlier."""
    said, came = 0.0, 0

    def count(size: int) -> None:
        nonlocal said, came
        came += size
        if (now := time.monotonic()) - said >= EVERY:
            said = now
            tell("fetching", before + came, total)

    return count


def _download(found: Described, name: str, target: Path, count: Callable[[int], None]) -> None:
    """One file of a commit, from where an earlier attempt was broken off."""
    size = found.files[name]
    if target.exists():
        return
    part = target.with_name(f"{target.name}.part")
    part.touch()
    with part.open("r+b") as file:
        have = min(part.stat().st_size, size)
        file.seek(have)
        file.truncate()
        url = hf_hub_url(found.repository, name, repo_type="dataset", revision=found.commit)
        count(have)
        http_get(url, file, resume_size=have, headers=build_hf_headers(), expected_size=size or None,
                 tqdm_class=_bar(count))  # fmt: skip
    os.replace(part, target)


def _bar(count: Callable[[int], None]) -> Any:
    """A progress bar as huggingface_hub asks for one, which counts bytes and draws nothing."""

    class Bar:
        n = 0
        total: int | None = None

        def __init__(self, *_: Any, **__: Any) -> None:
            pass

        def __enter__(self) -> "Bar":
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def update(self, size: float | None = 1) -> None:
            count(int(size or 0))

        def update_transfer(self, _: float | None = 1) -> None:
            """Bytes as they come over the network, packed; those written are counted."""

        def set_postfix_str(self, *_: Any, **__: Any) -> None:
            """No text is shown."""

        set_transfer_postfix_str = set_postfix_str

        def refresh(self) -> None:
            """Nothing is drawn."""

        close = refresh

    return Bar


def _write(data_id: str, files: Mapping[str, list[Path]], folder: Path, tell: Tell) -> dict[str, Any]:
    """The rows of these files as JSONL; {format, rows, columns_left_out, left_out} where `left_out` counts reasons."""
    form: str | None = None
    rows: dict[str, int] = {}
    ignored: set[str] = set()
    left_out: dict[str, Counter[str]] = {}
    done, total = 0, sum(path.stat().st_size for paths in files.values() for path in paths)
    for split, paths in files.items():
        reasons = left_out[split] = Counter()
        rows[split] = 0
        with (folder / f"{split}.jsonl").open("w", encoding="utf-8", newline="\n") as out:
            for path in paths:
                for row in _rows(path, reasons):
                    if form is None:
                        form = _form(data_id, row)
                    kept = _kept(row, form)
                    ignored |= row.keys() - kept.keys()
                    wrong = next(faults(kept, form), None)
                    line = "" if wrong else _line(kept)
                    if line:
                        out.write(line)
                        rows[split] += 1
                    else:
                        reasons[wrong.what if wrong else "it holds what JSON cannot"] += 1
                done += path.stat().st_size
                tell("writing", done, total)
        if not rows[split]:
            (folder / f"{split}.jsonl").unlink()
    told = {split: dict(reasons.most_common(20)) for split, reasons in left_out.items() if reasons}
    if not rows.get("train"):
        why = ", ".join(told.get("train", ())) or "it is empty"
        raise LabError(f"nothing in its train split can be learned from ({why})", where=data_id,
                       remedy="take another data set, or another subset of it")  # fmt: skip
    return {"format": form, "rows": rows, "columns_left_out": sorted(ignored), "left_out": told}


def _form(data_id: str, row: Mapping[str, Any]) -> str:
    form = format_of(dict(row))
    if form is None:
        raise LabError(f"its rows have the columns {key_names(dict(row))}, of which none is known", where=data_id,
                       remedy="rows of prompt and completion, messages, or text are read; "
                       "download it and write its rows so")  # fmt: skip
    return form


def _rows(path: Path, reasons: Counter[str]) -> Iterator[dict[str, Any]]:
    """The rows of one file; why a line is none is counted."""
    if path.suffix == ".parquet":
        import pyarrow.parquet  # takes a while, and only Parquet needs it

        with pyarrow.parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(BATCH):
                yield from batch.to_pylist()
        return

    def tell(_: int, kind: str, reason: str) -> None:
        if kind in ERRORS and kind != "bom":
            reasons[ERRORS[kind] if kind != "too-long" else reason] += 1

    yield from (row for _, _, row in read(path, tell) if row is not None)


def _kept(row: dict[str, Any], form: str) -> dict[str, Any]:
    """Of a row, what training reads. Parquet fills with nothing what other turns of a chat have."""
    kept = {key: row[key] for key in (*KEYS[form], "tools") if row.get(key) is not None}
    if form == "messages" and isinstance(kept.get("messages"), list):
        kept["messages"] = [
            {key: value for key, value in turn.items() if value is not None or key == "content"}
            if isinstance(turn, dict)
            else turn
            for turn in kept["messages"]
        ]
    return kept


def _line(row: dict[str, Any]) -> str:
    """The row on a line of JSON, or nothing if it holds what JSON cannot."""
    try:
        line = json.dumps(row, ensure_ascii=False) + "\n"
        line.encode()
    except (TypeError, ValueError):
        return ""
    return line


def _need(folder: Path, size: int, name: str) -> None:
    """Raise LabError unless the disk of that folder has room."""
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if size > free:
        raise LabError(f"takes {readable(size)}, and the disk has {readable(free)} free", where=name,
                       remedy=f"make room on the disk of {folder}")  # fmt: skip


@contextmanager
def _cancelled_leaves_nothing(work: Path) -> Iterator[None]:
    """Remove `work` if somebody cancels what goes on, and after an error that another attempt would meet again."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    except (KeyboardInterrupt, LabError, HfHubHTTPError) as error:
        if isinstance(error, HfHubHTTPError) and error.response.status_code >= 500:
            raise
        shutil.rmtree(work, ignore_errors=True)
        if work.parent.is_dir() and not any(work.parent.iterdir()):
            work.parent.rmdir()
        raise
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _troubles(name: str, what: str) -> Iterator[None]:
    """Say in our words what huggingface_hub, the network or the disk has against it."""
    try:
        yield
    except LabError:
        raise
    except Exception as error:
        raise _said(name, what, error) from error


def _said(name: str, what: str, error: Exception) -> LabError:
    page = f"{constants.ENDPOINT}/{'datasets/' if what == 'data set' else ''}{name.partition(':')[0]}"
    chain = [error]
    while (cause := chain[-1].__cause__ or chain[-1].__context__) is not None and cause not in chain:
        chain.append(cause)  # type: ignore[arg-type]

    def met(*kinds: type[BaseException]) -> Any:
        return next((each for each in chain if isinstance(each, kinds)), None)

    if met(OfflineModeIsEnabled) or constants.is_offline_mode():
        return LabError(f"is not on this machine, and HF_HUB_OFFLINE forbids asking the hub for this {what}",
                        where=name, remedy="unset HF_HUB_OFFLINE, or give a local folder")  # fmt: skip
    if met(GatedRepoError):
        return LabError(f"this {what} is gated: its owners give it to those who accept their terms", where=name,
                        remedy=f"accept them at {page}, then `hf auth login`")  # fmt: skip
    if met(RepositoryNotFoundError):
        return LabError(f"the hub has no such {what}, or it is private", where=name,
                        remedy="check the spelling; for a private one, `hf auth login` first")  # fmt: skip
    if found := met(HfHubHTTPError):
        status = found.response.status_code if found.response is not None else "an error"
        if status in (401, 403):
            return LabError(f"the hub refuses this {what} ({status})", where=name,
                            remedy=f"ask for access at {page}, then `hf auth login`")  # fmt: skip
        return LabError(f"the hub answers with {status}", where=name, remedy="try again in a while")
    if met(httpx2.TransportError, LocalEntryNotFoundError):
        return LabError(f"the hub at {constants.ENDPOINT} cannot be reached, or the connection broke", where=name,
                        remedy="check the network and try again; what has come is kept")  # fmt: skip
    disk = met(OSError)
    if disk is not None and disk.errno in (errno.ENOSPC, errno.EDQUOT):
        return LabError("the disk is full, or a quota is used up", where=name,
                        remedy="make room and try again; what has come is kept")  # fmt: skip
    if disk is not None and "Consistency check failed" in str(disk):
        return LabError("came incomplete", where=name, remedy="try again; what has come is kept")
    line = " ".join(str(error).split())[:200]
    return LabError(f"cannot be fetched ({type(error).__name__}: {line})", where=name,
                    remedy="check the id and the network, or give a local folder")  # fmt: skip
