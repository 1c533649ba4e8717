"""What an exercise does by itself: how far it is, what was measured, what is to be measured next. Draws nothing."""
