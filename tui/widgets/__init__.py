"""Small pieces that several panes draw themselves with."""
