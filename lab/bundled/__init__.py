"""What comes with the program: data sets, a base model, presets, and the generators that write them."""
