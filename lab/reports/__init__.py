"""Runs held against each other, and written down."""
