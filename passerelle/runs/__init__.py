"""One module per run: its story, top to bottom."""
