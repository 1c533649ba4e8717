"""Runs in line: who waits for whom, and several begun together."""
