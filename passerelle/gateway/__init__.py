"""The frame of a run: lock, trace, recovery, record."""
