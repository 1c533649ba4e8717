"""Which files of a repository make which split, and where what was fetched lies; nothing here asks a hub."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from lab.errors import LabError
from lab.hub import choose, hub_cache, id_of, is_data_id, model_folder

NAMED: list[tuple[list[str], dict[str, list[str]]]] = [
    (["train.jsonl", "valid.jsonl", "test.jsonl", "README.md", ".gitattributes"],
     {"train": ["train.jsonl"], "valid": ["valid.jsonl"], "test": ["test.jsonl"]}),
    (["data/train-00000-of-00002.parquet", "data/train-00001-of-00002.parquet", "data/val-00000-of-00001.parquet"],
     {"train": ["data/train-00000-of-00002.parquet", "data/train-00001-of-00002.parquet"],
      "valid": ["data/val-00000-of-00001.parquet"]}),
    (["train/0000.parquet", "dev/0000.parquet"], {"train": ["train/0000.parquet"], "valid": ["dev/0000.parquet"]}),
    (["wiki_training.jsonl", "wiki_eval.jsonl"], {"train": ["wiki_training.jsonl"], "test": ["wiki_eval.jsonl"]}),
    (["data/rows.parquet"], {"train": ["data/rows.parquet"]}),
    (["train.jsonl", "data/train-00000-of-00001.parquet", "train.csv"], {"train": ["train.jsonl"]}),
    (["Train.JSONL", "dataset_infos.json"], {"train": ["Train.JSONL"]}),
    (["constrained.jsonl", "trainer.py"], {"train": ["constrained.jsonl"]}),
]  # fmt: skip


@pytest.mark.parametrize(("files", "splits"), NAMED)
def test_splits_are_found_by_the_names_people_give_them(files: list[str], splits: dict[str, list[str]]) -> None:
    assert choose(files, {}, "org/name") == splits


CARD: dict[str, Any] = {
    "configs": [
        {"config_name": "big", "data_files": [{"split": "train", "path": "big/*.parquet"}]},
        {"config_name": "small", "data_files": [{"split": "train", "path": ["small/a.parquet"]},
                                                {"split": "validation", "path": "small/b.parquet"}]},
    ]
}  # fmt: skip
SUBSETS = ["big/1.parquet", "big/2.parquet", "small/a.parquet", "small/b.parquet"]


def test_the_card_of_a_repository_has_the_last_word() -> None:
    small = {"train": ["small/a.parquet"], "valid": ["small/b.parquet"]}
    assert choose(SUBSETS, CARD, "org/name:small") == small
    with pytest.raises(LabError, match="has 2 subsets; give one of org/name:big, org/name:small"):
        choose(SUBSETS, CARD, "org/name")
    with pytest.raises(LabError, match="has no subset 'none'; give one of"):
        choose(SUBSETS, CARD, "org/name:none")
    card = {"configs": [CARD["configs"][0], {**CARD["configs"][1], "default": True}]}
    assert choose(SUBSETS, card, "org/name") == small
    only = {"configs": [{"config_name": "default", "data_files": "small/a.parquet"}]}
    assert choose(SUBSETS, only, "org/name") == {"train": ["small/a.parquet"]}


@pytest.mark.parametrize(
    ("files", "what"),
    [
        (["test.jsonl"], "has no train split, only test"),
        (["README.md", "model.bin"], r"holds no JSONL or Parquet files \(README.md, model.bin\)"),
        ([], "it is empty"),
        (["train.csv"], r"holds \.csv files; JSONL and Parquet are read"),
    ],
)
def test_what_cannot_be_read_is_named(files: list[str], what: str) -> None:
    with pytest.raises(LabError, match=what) as caught:
        choose(files, {}, "org/name")
    assert caught.value.where == "org/name" and caught.value.remedy


@pytest.mark.parametrize("card", [{"configs": 7}, {"configs": [7]}, {"configs": [{"data_files": [{}]}]}, {}])
def test_a_card_of_any_shape_does_no_harm(card: dict[str, Any]) -> None:
    with suppress(LabError):
        assert choose(["train.jsonl"], card, "org/name") == {"train": ["train.jsonl"]}


def test_ids_and_folders_belong_together(tmp_path: Path) -> None:
    assert id_of("/home/me/.local/share/lowrank/cache/data/org/name") == "org/name"
    assert id_of("/x/cache/data/org/name@small") == "org/name:small" and id_of("/x/data/org/name") == ""
    assert is_data_id("mlx-community/wikisql") and is_data_id("a/b:c")
    assert not any(map(is_data_id, ("sql", "/a/b", "./a/b", "../b", "a/b/c", "a/../b", "a/b:c/d", "a/b\n")))


def test_a_model_is_here_only_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    assert hub_cache() == tmp_path
    folder = tmp_path / "models--org--name"
    snapshot = folder / "snapshots" / "c0ffee"
    snapshot.mkdir(parents=True)
    (folder / "refs").mkdir()
    (folder / "refs/main").write_text("c0ffee")
    for name, here in (
        ("config.json", False),
        ("tokenizer.json", False),
        ("model-00001-of-00002.safetensors", False),
        ("model-00002-of-00002.safetensors", False),
        ("model.safetensors.index.json", True),
    ):
        text = '{"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}}'
        (snapshot / name).write_text(text if "index" in name else "{}")
        assert (model_folder("org/name") == snapshot) is here, name
    (snapshot / "model-00002-of-00002.safetensors").unlink()
    assert model_folder("org/name") is None
