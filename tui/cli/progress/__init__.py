"""`lowrank progress …`: show what was learned, move it between devices, start over."""

from tui.cli.command_group import command_group

progress = command_group(
    "tui.cli.progress",
    ("show", "export", "import", "sync", "reset", "undo-reset"),
    name="progress",
    help="Your progress: show it, move it, start over.",
    add_completion=False,
)
