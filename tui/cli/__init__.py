"""The command line: one module a group of commands; `tui.cli.main` puts them together."""
