"""The panes of the classroom: contents, reader, quiz, exercise."""
