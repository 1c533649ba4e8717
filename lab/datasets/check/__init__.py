"""Checking a data set before it is trained on: every problem with file, line and reason, in bounded memory."""
