"""The HTML page: its arithmetic, its texts, its size, and a browser that looks at it."""
