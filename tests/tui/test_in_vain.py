"""A training that was for nothing says so wherever its run is shown, in both languages."""

import json
from pathlib import Path
from typing import Any

import pytest

from lab.runs import run_index
from lab.runs.snapshot import RunSnapshot
from tests.tui.views.compared import finished
from tui.cli.main import main
from tui.locale import say, sayer
from tui.views.run.state_line import state_line
from tui.views.run.trouble import trouble
from tui.views.runs import rows

KINDS = {"worse": ("worse than it began", "나빠졌어요"), "untrained": ("Nothing was learned", "배운 것이 없어요")}


@pytest.mark.parametrize("kind", KINDS)
def test_view_table_and_command_say_it(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LOWRANK_HOME", str(tmp_path))
    run = finished(tmp_path, "vain")
    result: dict[str, Any] = json.loads((run.path / "result.json").read_text())
    (run.path / "result.json").write_text(json.dumps(result | {"verdict": {"kind": kind, "what": "x"}}))
    follower = RunSnapshot(run, tmp_path)
    follower.poll()
    assert follower.troubled
    row = run_index.read(run, tmp_path)
    for lang, sentence in zip(("en", "ko"), KINDS[kind], strict=True):

        def tell(key: str, lang: Any = lang, **values: object) -> str:
            return say(lang, key, **values)

        assert sentence in trouble(follower, sayer(lang)).plain
        assert state_line(follower, sayer(lang)).plain.startswith("! ")
        assert sentence in "\n".join(line.plain for line in rows.details(row, [], tell, 60))
        assert rows.state(row, tell).plain == f"! {tell(f'runs.verdict.{kind}')}"
        assert rows.state(row, tell).cell_length <= 11, "the column of the table"
    monkeypatch.setattr("sys.argv", ["lowrank", "runs"])
    assert main() == 0
    assert f" {kind} " in capsys.readouterr().out
    run.path.joinpath("result.json").write_text(json.dumps(result))
    follower = RunSnapshot(run, tmp_path)
    follower.poll()
    assert not follower.troubled and not follower.verdict
