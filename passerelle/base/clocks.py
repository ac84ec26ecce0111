"""The time: read in one place, so that a rehearsal of years can set it."""

from datetime import datetime


def clock() -> datetime:
    """The time, aware, in this machine's zone."""
    return datetime.now().astimezone()
