"""What the speed comparison reads and reckons; the programs themselves are run by `make bench`."""

import json

import pytest

from benchmarks.speed import HEAD, Measured, reached, read_ours, read_stock, summary, table


def test_the_first_report_of_stock_is_left_out_and_other_lines_are_passed_over() -> None:
    lines = ["Loading\n", "{not ours\n".replace("{", "("), *(json.dumps(event) for event in (
        {"event": "validation", "at": 3.0, "iteration": 1, "loss": 4.0},
        {"event": "train", "at": 9.0, "iteration": 2, "loss": 3.0, "seconds": 6.0},
        {"event": "train", "at": 13.0, "iteration": 4, "loss": 2.0, "seconds": 4.0},
        {"event": "validation", "at": 15.0, "iteration": 4, "loss": 1.5},
        {"event": "finished", "at": 16.0, "peak_memory": 7},
    ))]  # fmt: skip
    found = read_stock(lines, resident=9)
    assert (found.seconds, found.iterations, found.peak, found.resident) == (4.0, 2, 7, 9)
    assert found.validations == [(3.0, 4.0), (15.0, 1.5)] and found.speed(50.0) == 2 * 8 * 50 / 4


def test_our_events_are_read_from_the_time_the_process_began() -> None:
    at = "2026-11-23T06:00:{:02d}.000+00:00"
    lines = [json.dumps(event) for event in (
        {"event": "train", "at": at.format(5), "iteration": 5, "elapsed_seconds": 2.0},
        {"event": "train", "at": at.format(6), "iteration": 10, "elapsed_seconds": 3.0},
        {"event": "validation", "at": at.format(7), "iteration": 10, "val_loss": 1.0},
        {"event": "finished", "at": at.format(8), "peak_memory_bytes": 5, "peak_resident_bytes": 6},
    )]  # fmt: skip
    found = read_ours(lines, began=1795413600.0)
    assert (found.seconds, found.iterations, found.peak, found.resident) == (1.0, 5, 5, 6)
    assert found.validations == [(pytest.approx(7.0, abs=0.01), 1.0)]


def test_a_loss_never_reached_takes_forever() -> None:
    assert reached(1.0, [(2.0, 1.5), (4.0, 0.9), (6.0, 0.8)]) == 4.0
    assert reached(0.1, [(2.0, 1.5)]) == float("inf")


def test_a_row_compares_medians_and_the_later_of_both_losses() -> None:
    ours = [Measured(1.0, 10, [(2.0, 1.2), (4.0, 0.8)], 30_000_000, 200_000_000)] * 3
    stock = [Measured(20.0, 10, [(30.0, 1.4), (60.0, 1.0)], 50_000_000, 100_000_000)] * 3
    cells = dict(zip(HEAD, summary("sprout", "lora", 50.0, ours, stock, [(2000.0, 1)]), strict=True))
    assert cells["stock"] == "200" and cells["ours"] == "4,000" and cells["ratio"] == "20.0×"
    assert cells["to the same loss"] == "60 → 4 s" and cells["MLX peak"] == "50 → 30"
    assert cells["PEFT"] == "2,000" and cells["ours / PEFT"] == "2.00"
    assert summary("random-26m", "lora", 50.0, ours, stock, [])[5:] == ["–", "50 → 30", "100 → 200", "–", "–"]


def test_the_table_is_markdown() -> None:
    assert table([["a", "bb"], ["ccc", "d"]]) == "| a   | bb |\n|-----|----|\n| ccc | d  |"
