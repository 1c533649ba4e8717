"""What the learner sees and types: the app, its screens and widgets, and the command line."""
