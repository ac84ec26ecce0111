"""How often Python looks for circles among objects, to free those that hold each other.

Orders and lines are many objects without circles, all of which are needed to the end.
"""

import atexit
import gc


def look_for_few_circles() -> None:
    """As often as usual would take a sixth of the time of reading, and the look when the process
    ends, where all that was loaded dies with it anyhow, a fifth of a run."""
    gc.set_threshold(250_000, 20, 100)
    atexit.register(gc.freeze)
