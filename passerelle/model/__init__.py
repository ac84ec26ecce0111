"""The words that every room uses; no I/O."""
