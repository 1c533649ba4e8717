"""A real BLAS for the engine on Linux, where MLX's CPU wheel carries the slow reference one.

The remedy is the library of the package scipy-openblas32, whose names carry a prefix, behind a shim of three
forwarding functions that the machine's C compiler builds once; a system OpenBLAS needs no shim. Either is preloaded
into the engine process only. Without both everything works, slower, and `doctor` says what to install.
"""

import ctypes.util
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

SHIM = Path(__file__).parent / "blas_shim.c"


@dataclass(frozen=True)
class Blas:
    """Which BLAS the engine gets: a name for people, the library to preload (or None), and a remedy if it is slow."""

    name: str
    preload: Path | None = None
    remedy: str = ""

    def environment(self) -> dict[str, str]:
        """What preloads it. LD_PRELOAD ends a path at a space, so it gets the name alone, and the folder stands in
        LD_LIBRARY_PATH, which ends one at a colon only."""
        if self.preload is None:
            return {}
        paths = {"LD_PRELOAD": self.preload.name, "LD_LIBRARY_PATH": str(self.preload.parent)}
        if self.preload.parent == Path("."):  # a library of the system, which the loader finds by its name
            del paths["LD_LIBRARY_PATH"]
        return {name: ":".join(filter(None, (path, os.environ.get(name)))) for name, path in paths.items()}


def find_blas(cache: Path) -> Blas:
    """The fastest BLAS to be had here; builds the shim below `cache` at the first call (about a tenth of a second)."""
    if sys.platform != "linux":
        return Blas("Accelerate" if sys.platform == "darwin" else "built in")
    library = _bundled_openblas()
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if any(sign in f"{cache}{library}" for sign in ":;"):
        return _system("the path of the home or of Python holds a colon or a semicolon: give them another place")
    if library and compiler:
        try:
            return Blas("OpenBLAS", _build(library, compiler, cache / "blas"))
        except (OSError, subprocess.SubprocessError) as error:
            return _system(f"the shim did not build ({error})")
    return _system("install a C compiler (cc)" if library else "pip install scipy-openblas32")


def _system(remedy: str) -> Blas:
    name = ctypes.util.find_library("openblas")
    if name:
        return Blas("system OpenBLAS", Path(name))
    return Blas("reference BLAS (slow)", None, f"{remedy}, or install the system package libopenblas0")


def _bundled_openblas() -> Path | None:
    spec = importlib.util.find_spec("scipy_openblas32")
    if spec is None or spec.origin is None:
        return None
    return next((Path(spec.origin).parent / "lib").glob("libscipy_openblas*.so*"), None)


def _build(library: Path, compiler: str, folder: Path) -> Path:
    key = hashlib.sha256(SHIM.read_bytes() + str(library).encode()).hexdigest()[:16]
    target = folder / f"shim-{key}.so"
    if target.exists():
        return target
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as work:
        built = Path(work) / "shim.so"
        command = [compiler, "-O2", "-shared", "-fPIC", str(SHIM), "-o", str(built), str(library)]
        command += ["-Xlinker", "-rpath", "-Xlinker", str(library.parent)]  # -Wl would end a path at a comma
        subprocess.run(command, check=True, capture_output=True, timeout=60, stdin=subprocess.DEVNULL)
        os.replace(built, target)
    return target
