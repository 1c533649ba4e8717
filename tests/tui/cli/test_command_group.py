"""Every command is found by its name: its module, its help, its old name, and what wrong usage says of it."""

from pathlib import Path
from typing import Any

import pytest
from typer.core import TyperGroup
from typer.main import get_command
from typer.testing import CliRunner

import tui.cli
from tui.cli.main import COMMANDS, OLD_NAMES, app, main

HERE = Path(tui.cli.__file__).parent


def modules(group: Any, folder: Path) -> list[Path]:
    found = []
    for name, command in group.commands.items():
        place = folder / name.replace("-", "_")
        if isinstance(command, TyperGroup):
            found += modules(command, place)
        else:
            found.append(place.with_name(f"{place.name}_.py" if name == "import" else f"{place.name}.py"))
    return found


def test_each_command_is_the_module_of_its_name() -> None:
    found = modules(get_command(app), HERE)
    assert len(found) > 30
    assert [path for path in found if not path.is_file()] == []


def test_the_help_lists_the_commands_in_their_order_and_no_old_name() -> None:
    text = CliRunner().invoke(app, ["--help"]).output
    listed = [line.split()[0] for line in text.partition("Commands:")[2].splitlines() if line.strip()]
    assert listed == list(COMMANDS)
    assert not set(OLD_NAMES) & set(listed)


@pytest.mark.parametrize("old", OLD_NAMES)
def test_an_old_name_still_works(old: str) -> None:
    now = CliRunner().invoke(app, [OLD_NAMES[old], "--help"])
    then = CliRunner().invoke(app, [old, "--help"])
    assert then.exit_code == 0
    assert then.output.replace(f"lowrank {old}", f"lowrank {OLD_NAMES[old]}") == now.output


@pytest.mark.parametrize(
    "line, said",
    [
        ("trian", "lowrank: No such command 'trian'. Did you mean 'train'?; see `lowrank --help`"),
        ("train --itrs 5", "see `lowrank train --help`"),
        ("train --num-layers some", "see `lowrank train --help`"),
        ("train --lora-layers 4", "write --num-layers"),
        ("data", "lowrank: Missing command; see `lowrank data --help`"),
        ("data chek", "lowrank: No such command 'chek'. Did you mean 'check'?; see `lowrank data --help`"),
        ("data split", "lowrank: Missing argument 'PATH'; see `lowrank data split --help`"),
        ("progress import", "see `lowrank progress import --help`"),
    ],
)
def test_wrong_usage_names_the_help_of_that_command(
    line: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["lowrank", *line.split()])
    assert main() == 2
    told = capsys.readouterr().err
    assert said in told and told.count("\n") == 1
