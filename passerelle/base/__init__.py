"""What every room stands on: errors, language, files that survive, reading, progress."""
