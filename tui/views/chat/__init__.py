"""The bench where one talks with base and adapter side by side."""
