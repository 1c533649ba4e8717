"""Experiments: specification, data, models, run directories and their events; imports none of our other rooms."""
