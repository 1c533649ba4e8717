"""What the learner has done so far, why each point was earned, what to look at again, and where it is kept."""
