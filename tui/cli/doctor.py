"""`lowrank models`, `doctor` and `read`: what there is."""

import importlib.util
import os
import shutil
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, Any

import typer
from typer import Argument, Option

from lab.blas import find_blas
from lab.errors import LabError
from lab.models.find import list_models
from tui.cli.common import cache, megabytes, say, write, write_text
from tui.cli.completion import lesson_ids
from tui.home import home

Json = Annotated[bool, Option("--json", help="Print one JSON object.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("models")(models)
    app.command("doctor")(doctor)
    app.command("read")(read)
    app.callback(invoke_without_command=True)(_version)


def _version(
    show_version: Annotated[bool, Option("--version", help="Print the version and exit.")] = False,
) -> None:
    if show_version:
        write(f"lowrank {version('lowrank')}")
        raise typer.Exit(0)


def models(as_json: Json = False) -> int:
    """List the bundled models and the variants made from them."""
    rows: list[dict[str, Any]] = [
        {"model": m.name, "parameters": m.parameters, "bits": m.bits or None, "bytes": m.bytes, "made": m.ready,
         "path": str(m.path)} for m in list_models(cache())
    ]  # fmt: skip
    if as_json:
        say({"models": rows})
    for row in [] if as_json else rows:
        kind = f"{row['bits']}-bit" if row["bits"] else "float32"
        made = "" if row["made"] else "  (made on first use)"
        write(f"{row['model']:<14}{row['parameters']:>12,} parameters  {kind:<8}{megabytes(row['bytes']):>9}{made}")
    return 0


def doctor(as_json: Json = False) -> int:
    """Check what the lab needs on this machine; exit 1 if something essential is missing."""
    blas = find_blas(cache())
    checks = [_check("Python", sys.version_info >= (3, 11), sys.version.split()[0], "install Python 3.11 or newer")]
    for package in ("mlx", "mlx-lm", "transformers", "textual", "plotext"):
        try:
            checks.append(_check(package, True, version(package), ""))
        except PackageNotFoundError:
            checks.append(_check(package, False, "not installed", f"pip install {package}"))
    checks.append(_check("BLAS", not blas.remedy, blas.name, blas.remedy))
    if sys.platform == "linux":
        jit = shutil.which("g++") is not None
        checks.append(
            _check(
                "C++ compiler",
                jit,
                "g++" if jit else "none: slower",
                "install g++ (mlx fuses kernels with it)",
            )
        )
    writable = _writable(home())
    checks.append(_check("home", writable, str(home()), "make the folder writable, or set LOWRANK_HOME"))
    checks.append(_own_keys())
    free = shutil.disk_usage(_existing(home())).free
    checks.append(_check("free space", free > 200e6, megabytes(free), "free at least 200 MB"))
    device = "Metal GPU" if sys.platform == "darwin" else "CPU"
    if importlib.util.find_spec("mlx_cuda"):
        device = "CUDA GPU"
    if as_json:
        say({"checks": checks, "device": device, "blas": blas.name})
    else:
        for check in checks:
            remedy = f"  -> {check['remedy']}" if not check["ok"] else ""
            write(f"{'ok' if check['ok'] else '!!'}  {check['name']:<14}{check['detail']}{remedy}")
    essential = {"Python", "mlx", "mlx-lm", "transformers", "home"}
    return 0 if all(c["ok"] for c in checks if c["name"] in essential) else 1


def _own_keys() -> dict[str, Any]:
    """Whether `keys.toml` can be used, where there is one."""
    from tui.keymap import FILE, KeymapError, check, read

    try:
        own = read(home())
        if own:
            check(own, home())
    except KeymapError as error:
        return _check(FILE, False, str(error), "put the line right, or delete the file; the usual keys work meanwhile")
    return _check(FILE, True, f"{len(own)} keys of your own" if own else "none: the usual keys", "")


def _check(name: str, ok: bool, detail: str, remedy: str) -> dict[str, Any]:
    return {"name": name, "ok": ok, "detail": detail, "remedy": "" if ok else remedy}


def _existing(path: Path) -> Path:
    while not path.exists():
        path = path.parent
    return path


def _writable(path: Path) -> bool:
    return os.access(_existing(path), os.W_OK | os.X_OK)


def read(
    lesson: Annotated[str, Argument(help="Lesson id, for example lora/why-lora.", autocompletion=lesson_ids)] = "",
    lang: Annotated[str, Option(help="en or ko.")] = "en",
    as_json: Json = False,
) -> int:
    """Print a lesson as plain text; without an id, list the lessons."""
    from lessons.course import LANGS
    from lessons.loader import load_course
    from tui.formatting.lesson_text import lesson_text

    language = next((known for known in LANGS if known == lang), None)
    if language is None:
        raise LabError(f"unknown language {lang!r}", where="--lang", remedy="give en or ko", usage=True)
    course = load_course()
    found = {each.id: each for track in course.tracks for each in track.lessons}
    if lesson and lesson not in found:
        raise LabError(f"no lesson {lesson!r}", remedy=f"there are {', '.join(found)}", usage=True)
    if not lesson:
        rows = [{"lesson": k, "title": v.title[language], "minutes": v.minutes} for k, v in found.items()]
        if as_json:
            say({"lessons": rows})
        for row in [] if as_json else rows:
            write(f"{row['lesson']}  {row['title']}  ~{row['minutes']} min")
        return 0
    text = lesson_text(found[lesson], language)
    say({"lesson": lesson, "lang": lang, "text": text}) if as_json else write_text(text)
    return 0
