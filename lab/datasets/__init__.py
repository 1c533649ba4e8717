"""Finding, reading, dividing and checking the data sets that a run trains on."""
