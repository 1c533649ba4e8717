"""What fills the terminal: the classroom, and what is laid over it."""
