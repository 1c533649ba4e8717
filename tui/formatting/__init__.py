"""Text for the screen: layout, units, short names and paths, and foreign text made harmless. No widgets."""
