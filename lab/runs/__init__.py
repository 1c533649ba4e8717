"""Run directories: what is in them, what is kept beside a run, and all of them as a shelf."""
