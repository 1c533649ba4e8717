"""What is shipped: a wheel with every file of the rooms, and no dependency that nobody declared."""

import ast
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
ROOMS = ("foreign", "i18n", "lab", "lessons", "store", "tui")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def tracked() -> list[str]:
    """The files of the rooms that belong to the repository, or soon will."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", *ROOMS]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return sorted(name for name in set(listed.split("\0")) if name and (ROOT / name).is_file())


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("a wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, "--wheel-dir", str(folder), str(ROOT)], check=True)
    (path,) = folder.glob("*.whl")
    return path


def test_the_wheel_holds_every_file_of_the_rooms(wheel: Path) -> None:
    inside = set(zipfile.ZipFile(wheel).namelist())
    shipped = {re.sub(r"\.po$", ".mo", name) for name in tracked()}  # a wheel holds catalogues as they are read
    assert not shipped - inside
    strangers = {name.split("/")[0] for name in inside} - set(ROOMS)
    assert all(name.endswith(".dist-info") for name in strangers)


def test_the_wheel_runs_from_another_folder(wheel: Path, tmp_path: Path) -> None:
    unpacked = tmp_path / "unpacked wheel"
    zipfile.ZipFile(wheel).extractall(unpacked)
    script = (
        "import runpy, sys; sys.path.insert(0, sys.argv.pop(1)); sys.argv[0] = 'lowrank'\n"
        "import lessons.loader; assert lessons.__file__.startswith(sys.path[0])\n"
        "assert lessons.loader.load_course().total_lessons == 51\n"
        "runpy.run_module('tui', run_name='__main__', alter_sys=True)"
    )
    result = subprocess.run(
        [sys.executable, "-P", "-c", script, str(unpacked), "--version"],
        cwd="/",
        env={"HOME": str(tmp_path), "LANG": "C.UTF-8", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert PROJECT["version"] in result.stdout


def test_everything_imported_is_declared() -> None:
    declared = {canonicalize_name(Requirement(line).name) for line in PROJECT["dependencies"]}
    providers = packages_distributions()
    for name in tracked():
        if not name.endswith(".py"):
            continue
        for node in ast.walk(ast.parse((ROOT / name).read_text("utf-8"), name)):
            modules = []
            if isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                modules = [node.module or ""]
            for module in (module.split(".")[0] for module in modules):
                if module in sys.stdlib_module_names or module in ROOMS:
                    continue
                owners = {canonicalize_name(owner) for owner in providers.get(module, [module])}
                assert owners & declared, f"{name} imports {module}, which pyproject.toml does not declare"


def test_every_declared_requirement_is_pinned_within_its_range() -> None:
    pins = {}
    for line in (ROOT / "constraints.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            name, _, version = line.partition("==")
            pins[canonicalize_name(name)] = version
    lines = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"]]
    for requirement in map(Requirement, lines):
        assert requirement.specifier, f"{requirement.name} has no range"
        assert pins[canonicalize_name(requirement.name)] in requirement.specifier


def test_the_pins_are_those_installed() -> None:
    """Whatever the tests ran with is what constraints.txt promises."""
    from importlib.metadata import distributions

    pins = dict(re.findall(r"^([\w.-]+)==(\S+)$", (ROOT / "constraints.txt").read_text(), re.MULTILINE))
    installed = {canonicalize_name(each.metadata["Name"]): each.version for each in distributions()}
    unpinned = set(installed) - set(pins) - {"lowrank", "pip", "setuptools", "wheel"}
    assert not unpinned
    assert {name: installed[name] for name in set(pins) & set(installed)}.items() <= pins.items()


def test_python_is_found_behind_names_that_do_not_run(tmp_path: Path) -> None:
    """The first names on the PATH are shims with nothing behind them, as pyenv leaves them."""
    shims = tmp_path / "shims with space"
    shims.mkdir()
    for name in ("python3.13", "python3.12", "python3.11", "python3.14", "python3", "python"):
        (shims / name).write_text("#!/bin/sh\necho 'command not found' >&2\nexit 127\n")
        (shims / name).chmod(0o755)
    real = tmp_path / "real one"
    real.mkdir()
    (real / "python3").symlink_to(sys.executable)

    def find(path: str, **env: str) -> subprocess.CompletedProcess[str]:
        command = ["/bin/sh", str(ROOT / ".ci" / "python")]
        return subprocess.run(command, env={"PATH": path, **env}, capture_output=True, text=True)

    found = find(f"{shims}:{real}")
    assert (found.returncode, found.stdout) == (0, f"{real}/python3\n")
    none = find(str(shims))
    assert (none.returncode, none.stdout) == (1, "")
    assert none.stderr.splitlines()[-1].startswith("Lowrank needs a 64-bit Python 3.11 to 3.14")
    chosen = find(f"{real}", PYTHON=f"{shims}/python3.11")
    assert chosen.returncode == 1
    assert "does not suit" in chosen.stderr
