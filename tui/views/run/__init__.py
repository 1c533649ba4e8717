"""One run while it goes on and afterwards: its chart, its facts, and what it answered at every moment."""
