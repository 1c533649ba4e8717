"""Progress: an append-only event log and everything derived from it."""
