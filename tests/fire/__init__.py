"""Passerelle under fire: killed, cut off, out of room, and run for a year.

Each test has two scales. ``pytest`` runs the short one; ``pytest tests/fire --scale long`` tries
everything and ends with the figures that docs/reliability.md records.
"""
