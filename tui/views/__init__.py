"""The laboratory's benches, one for each thing one does with a run; `tui.screens.laboratory` shows one at a time."""
