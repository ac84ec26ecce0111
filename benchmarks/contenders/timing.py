"""How long a contender's work takes. It loads nothing that the contender does not need itself."""

import json
import time
from collections.abc import Callable


def timed(work: Callable[[], object]) -> None:
    """Runs ``work`` and prints how long it took, for the process that measures."""
    started = time.perf_counter()
    work()
    print(json.dumps({"inside": time.perf_counter() - started}))
