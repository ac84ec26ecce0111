"""How often Python looks for circles among objects, to free those that hold each other.

A run's orders and lines are many objects without circles. An error is in one, with all that the
functions held through which it went: a file's bytes.
"""

import atexit
import gc


def look_for_few_circles() -> None:
    """Looks seldom, and not at the end of the process, with which all that it loaded dies anyhow.

    As often as usual takes a sixth of the time of reading, and the look at the end a fifth of a
    run. A process that outlives its runs calls :func:`free_circles` after each.
    """
    gc.set_threshold(250_000, 20, 100)
    atexit.register(gc.freeze)


def free_circles() -> None:
    """Frees what the run held that is over."""
    gc.collect()
