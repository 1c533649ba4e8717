"""The models a run can start from, and how many parameters they have."""
