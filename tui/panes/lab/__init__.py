"""The lab pane: set up a run, watch it live, read its summary."""
