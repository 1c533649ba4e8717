"""The command line on a home full of damaged runs: a list that is whole, one line of trouble, and an end to them."""

import json
from pathlib import Path

from damages import DAMAGES, healthy

from tests.lab.conftest import Desk


def test_the_commands_live_with_every_damaged_run(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    names = []
    for number, do in enumerate(DAMAGES.values()):
        names.append(f"bad-{number:03d}")
        do(healthy(desk.runs.root, names[-1]).path)
    healthy(desk.runs.root, "good")
    kinds = list(DAMAGES)
    listed = desk("runs")
    assert listed.code == 0 and listed.err == "" and all(name in listed.out for name in ("good", *names))
    assert "✗ spec.yaml: lowrank: is not a mapping" in listed.out
    rows = {row["run"]: row for row in json.loads(desk("runs", "--json").out)["runs"]}
    assert rows.keys() == {"good", *names} and rows["good"]["problem"] == ""
    for words in (("compare", "good"), ("report",)):
        told = desk(*words, names[kinds.index("a bomb")])
        assert told.code == 1 and told.err.count("\n") == 1 and "spec.yaml" in told.err
        assert len(told.err.replace(str(desk.home), "")) < 300
    deleted = desk("delete", "--json", *names)
    assert deleted.code == 0 and json.loads(deleted.out)["deleted"] == names
    assert {row["run"] for row in json.loads(desk("runs", "--json").out)["runs"]} == {"good"}
