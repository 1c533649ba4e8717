"""Which adapter file is meant by last, best or a number."""

from pathlib import Path

import pytest

from lab.errors import LabError
from lab.runs.adapters import checkpoints, find_adapter
from lab.runs.directory import Run


def run(folder: Path, *files: str) -> Run:
    for name in files:
        path = folder / "adapters" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return Run(folder)


ALL = ("adapters.safetensors", "0000100_adapters.safetensors", "0001200_adapters.safetensors", "best/adapters.safetensors")  # fmt: skip # noqa: E501


@pytest.mark.parametrize(
    ("checkpoint", "file"), [("last", ALL[0]), ("100", ALL[1]), ("0001200", ALL[2]), ("1200", ALL[2]), ("best", ALL[3])]
)
def test_each_name_means_one_file(checkpoint: str, file: str, tmp_path: Path) -> None:
    assert find_adapter(run(tmp_path, *ALL), checkpoint) == tmp_path / "adapters" / file


def test_the_last_of_a_killed_run_is_its_newest_numbered_one(tmp_path: Path) -> None:
    assert find_adapter(run(tmp_path, *ALL[1:3]), "last").name == "0001200_adapters.safetensors"


@pytest.mark.parametrize("checkpoint", ["best", "7", "²", "-1", "", "../../x"])
def test_what_is_not_there_is_refused_with_what_is(checkpoint: str, tmp_path: Path) -> None:
    with pytest.raises(LabError, match="give one of last, 100") as caught:
        find_adapter(run(tmp_path, *ALL[:2]), checkpoint)
    assert caught.value.usage


def test_a_run_without_an_adapter_says_so(tmp_path: Path) -> None:
    for checkpoint, said in (
        ("last", "ended before an adapter was saved"),
        ("best", "no adapter"),
        ("100", "no adapter"),
    ):
        with pytest.raises(LabError, match=said):
            find_adapter(Run(tmp_path), checkpoint)


def test_what_there_is_to_choose_from_is_what_is_found(tmp_path: Path) -> None:
    assert checkpoints(run(tmp_path)) == ()
    assert checkpoints(run(tmp_path, *ALL[1:3])) == ("last", "1200", "100")
    full = run(tmp_path, *ALL)
    assert checkpoints(full) == ("last", "best", "1200", "100")
    assert len({find_adapter(full, name) for name in checkpoints(full)}) == 4
