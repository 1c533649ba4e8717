"""The BLAS remedy: built once, and always with a way on when it cannot be."""

import subprocess
import sys
from pathlib import Path

import pytest

from lab.blas import find_blas
from lab.client import engine_environment

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux needs another BLAS")


def test_the_shim_is_built_once_and_used_again(tmp_path: Path) -> None:
    first = find_blas(tmp_path)
    assert first.name == "OpenBLAS" and first.preload is not None and not first.remedy
    stamp = first.preload.stat().st_mtime_ns
    assert find_blas(tmp_path).preload == first.preload and first.preload.stat().st_mtime_ns == stamp


def test_without_a_compiler_everything_still_works_and_the_remedy_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    blas = find_blas(tmp_path)
    assert blas.preload is None or "openblas" in str(blas.preload)
    assert blas.preload or "C compiler" in blas.remedy


def test_a_cache_that_cannot_be_written_is_no_reason_to_fail(tmp_path: Path) -> None:
    (tmp_path / "blas").write_text("a file where a folder should be")
    assert find_blas(tmp_path).name != "OpenBLAS"


def test_it_is_really_loaded_whatever_the_path(tmp_path: Path) -> None:
    cache = tmp_path / "집, with spaces, 'quotes' and commas"
    environment = engine_environment(cache)
    command = [sys.executable, "-c", "print(open('/proc/self/maps', encoding='utf-8').read())"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert environment["LOWRANK_ENGINE_BLAS"] == "OpenBLAS"
    assert done.stdout.count("/shim-") and done.stdout.count("libscipy_openblas") and not done.stderr


def test_where_the_loader_cannot_be_told_the_path_it_is_not_promised(tmp_path: Path) -> None:
    blas = find_blas(tmp_path / "a:b")
    assert blas.name != "OpenBLAS" and ("colon" in blas.remedy or blas.name == "system OpenBLAS")
