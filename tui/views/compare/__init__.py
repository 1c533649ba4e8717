"""The bench that holds runs against each other."""
