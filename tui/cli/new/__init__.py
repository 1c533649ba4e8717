"""`lowrank new …`: begin something of your own."""

from tui.cli.command_group import command_group

new = command_group("tui.cli.new", ("lesson",), name="new", help="Begin a lesson of your own.", add_completion=False)
