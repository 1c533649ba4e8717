"""`lowrank data …`: data sets."""

from tui.cli.command_group import command_group

data = command_group("tui.cli.data", ("check", "fetch", "split"), name="data", help="Data sets.", add_completion=False)
