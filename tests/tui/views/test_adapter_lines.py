"""What the benches for inspecting and fusing say, without a screen: widths, and sentences that follow the figures."""

from typing import Any

import pytest

from lab.runs.adapter_layout import Adapter
from tui.locale import say
from tui.views.fuse import lines as fusing
from tui.views.inspect import (
    lines,
)


def saying(lang: Any) -> Any:
    return lambda key, **values: say(lang, key, **values)


def adapter(**summary: Any) -> Adapter:
    layers = [
        {"layer": f"model.layers.{n}.mlp.up_proj", "shape": [512, 192], "relative_norm": 0.1 * (n + 1),
         "effective_rank": 7.5, "rank_90": 6, "rank_99": 8, "largest_possible_rank": 8, "values": [[1, 2.0], [8, 1.0]]}
        for n in range(3)
    ]  # fmt: skip
    base = {"layers": 3, "norm": 1.0, "relative_norm": 0.004, "effective_rank": 7.5, "rank_90": 6, "rank_99": 8,
            "energy_in_rank": 0.67, "largest_possible_rank": 8, "random_effective_rank": None,
            "random_rank_90": None}  # fmt: skip
    files = (("adapters.safetensors", 700_000), ("adapter_config.json", 1300), ("0000100_adapters.safetensors", 9),
             ("best/adapter_config.json", 1300))  # fmt: skip
    parameters = {each["layer"]: 5632 for each in layers}
    return Adapter("run", "LoRA", "sprout", "sql", "last", ("last",), 8, files, 11_400_000, parameters, 2_853_312,
                   {"rank": 8, "layers": layers, "summary": base | summary})  # fmt: skip


@pytest.mark.parametrize(
    ("summary", "said"),
    [
        ({}, "It uses nearly all the directions that rank 8 allows (effective rank 7.5): a higher rank may learn more"),
        ({"effective_rank": 5.0}, "Of the 8 directions that rank 8 allows it uses 5.0"),
        ({"effective_rank": 2.0}, "a lower rank would probably do"),
        ({"largest_possible_rank": 192, "rank_90": 29, "random_rank_90": 99}, "the change is thin by itself. The 8 largest hold 67.0 %"),  # noqa: E501
        ({"largest_possible_rank": 192, "rank_90": 90, "random_rank_90": 99}, "not far from noise (99)"),
        ({"norm": 0.0}, "Nothing has changed"),
    ],
)  # fmt: skip
def test_the_sentence_follows_the_figures(summary: dict[str, Any], said: str) -> None:
    text = lines.seen(adapter(**summary), saying("en"))
    assert said in text
    assert summary.get("norm") == 0 or "largest in block 2's up (30.0 %) and smallest in block 0's up (10.0 %)" in text
    assert lines.seen(adapter(**summary), saying("ko"))


@pytest.mark.parametrize("lang", ["en", "ko"])
@pytest.mark.parametrize("width", [44, 76, 116])
def test_nothing_is_wider_than_its_place(lang: Any, width: int) -> None:
    here, speak = adapter(), saying(lang)
    chosen = ["model.layers.0.mlp.up_proj", "model.layers.2.mlp.up_proj"]
    drawn = [*lines.files(here, speak, width), *lines.facts(here, chosen, speak, width)]
    assert max(line.cell_length for line in drawn) <= width
    assert len(lines.files(here, speak, width)) == 5 and len(lines.facts(here, chosen, speak, width)) == 7


@pytest.mark.parametrize("lang", ["en", "ko"])
@pytest.mark.parametrize("width", [76, 116])
def test_the_rows_of_the_table_of_ways_are_all_as_wide(lang: Any, width: int) -> None:
    speak, rows = saying(lang), []
    for table in (None, TABLE):
        rows += [fusing.row(way, table, way == "fused", True, speak, width) for way in ("fused", "separate")]
    assert {row.cell_length for row in [fusing.head(speak, width), *rows]} == {width}


TABLE = {
    "adapter_effect": 1e-8, "exact_match_adapter": None, "questions": 0, "recommended": "fused",
    "ways": [{"way": name, "bytes": size, "kl": kl, "top1_agreement": 1.0, "exact_match": None}
             for name, size, kl in (("fused", 100, 1e-9), ("separate", 90, 0.02))],
}  # fmt: skip


def test_without_questions_and_with_a_faint_adapter_the_sentences_still_hold() -> None:
    fused, separate = (fusing.cost(way, TABLE, saying("en")) for way in ("fused", "separate"))
    assert "10 B more" in fused and "questions" not in fused and "changes nothing that can be measured" in fused
    assert "It loses what was trained: it is 0.02 nats a token away" in separate
    assert "< 1e-6" in fusing.row("fused", TABLE, False, False, saying("en"), 80).plain
    assert fusing.lost(0.2, 0.1) == "> 100 %" and fusing.lost(0.1, 0.0) == "–"


def test_small_numbers_keep_their_digits() -> None:
    assert [lines.share(value) for value in (0.381, 0.0042, 0.000041, 0.0)] == ["38.1 %", "0.42 %", "0.0041 %", "0.0 %"]
    assert [lines.short(value) for value in (3072, 104_448, 16_777_216)] == ["3,072", "104 k", "16.8 M"]
