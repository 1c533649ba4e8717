"""What a run will need, before it is started: parameters, memory, time, and what is likely to go wrong."""
