"""`lowrank doctor`: whether this machine has what the lab needs."""

import importlib.util
import os
import shutil
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from lab.blas import find_blas
from tui.cli.common import Json, cache, megabytes, say, write
from tui.home import home


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
