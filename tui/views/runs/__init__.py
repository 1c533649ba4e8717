"""The bench of all runs."""
