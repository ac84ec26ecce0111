"""``python -m tests.telling``: says a line of the trace while a step is shown at the terminal."""

import time
from datetime import UTC, datetime

from passerelle.base import progress
from passerelle.gateway.trace import RunTrace


def wait_until_drawn() -> None:
    while progress._screen is None or progress._screen._bar is None:
        time.sleep(0.01)


if __name__ == "__main__":
    progress._PATIENCE = 0.05
    with progress.shown(), progress.step("sleeping [bold]long[/]"):
        wait_until_drawn()
        RunTrace("orders", None).say("told meanwhile", datetime.now(UTC))
        wait_until_drawn()
        time.sleep(0.1)
