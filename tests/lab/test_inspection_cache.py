"""What is kept of an adapter: given back while its file is the same, bounded however large the model."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.errors import LabError
from lab.runs import inspection_cache
from lab.runs.directory import Run


@pytest.fixture
def run(tmp_path: Path) -> Run:
    run = Run(tmp_path)
    for name in ("adapters.safetensors", "0000020_adapters.safetensors", "best/adapters.safetensors"):
        (run.adapters / name).parent.mkdir(parents=True, exist_ok=True)
        (run.adapters / name).write_text(name)
    return run


def keep(run: Run, name: str, answer: dict[str, object]) -> None:
    adapter = run.adapters / name
    inspection_cache.write(run, "inspect", adapter, inspection_cache.stamp(adapter), answer)


def test_it_comes_back_for_its_own_checkpoint_and_question_only(run: Run) -> None:
    keep(run, "best/adapters.safetensors", {"checkpoint": "best", "한": "글"})
    assert inspection_cache.read(run, "inspect", "best") == {"checkpoint": "best", "한": "글"}
    assert inspection_cache.read(run, "inspect", "last") is None and inspection_cache.read(run, "fuse", "best") is None


def test_of_two_names_for_one_file_both_are_known(run: Run) -> None:
    (run.adapters / "adapters.safetensors").unlink()
    keep(run, "0000020_adapters.safetensors", {"checkpoint": "20"})
    for name in ("last", "20"):
        assert inspection_cache.read(run, "inspect", name) == {"checkpoint": name}


def test_it_is_forgotten_when_the_adapter_is_written_again_even_while_it_is_measured(run: Run) -> None:
    adapter = run.adapters / "adapters.safetensors"
    before = inspection_cache.stamp(adapter)
    os.utime(adapter, ns=(0, 1))
    inspection_cache.write(run, "inspect", adapter, before, {})
    assert inspection_cache.read(run, "inspect") is None


@pytest.mark.parametrize("damage", ["", "[]", "{}", "\x00"])
def test_a_damaged_file_is_as_none(damage: str, run: Run) -> None:
    keep(run, "adapters.safetensors", {})
    (kept,) = (run.path / "measured").iterdir()
    kept.write_text(damage)
    assert inspection_cache.read(run, "inspect") is None


def test_a_checkpoint_that_is_not_there_is_an_error_as_everywhere(run: Run) -> None:
    with pytest.raises(LabError, match="keeps no adapter '7'"):
        inspection_cache.read(run, "inspect", "7")


@given(st.integers(0, 20_000))
def test_places_rise_from_the_first_to_the_last_and_stay_few(count: int) -> None:
    found = inspection_cache.places(count)
    assert found == sorted(set(found)) and len(found) <= 130
    assert (found[0], found[-1]) == (1, count) if count else not found


def test_brief_keeps_the_largest_and_says_where_the_others_stand() -> None:
    layer = {"layer": "a", "norm": 2.0, "singular_values": [1000 / (n + 1) for n in range(300)]}
    (short,) = inspection_cache.brief({"rank": 8, "layers": [layer]})["layers"]
    assert short["norm"] == 2.0 and "singular_values" not in short
    assert short["values"][:2] == [[1, 1000.0], [2, 500.0]] and short["values"][-1] == [300, 3.33333]
