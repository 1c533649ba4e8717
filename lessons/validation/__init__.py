"""`lowrank check`: everything that is wrong with a course, before a learner meets it."""
