"""The bench where runs begin: a form that reads like the YAML it writes, and beside it what the run will need."""
