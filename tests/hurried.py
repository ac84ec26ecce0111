"""``python -m tests.hurried SECONDS ARGS``: the program, which shows its progress after so long."""

import sys
from importlib import import_module

from passerelle.__main__ import main
from passerelle.base import progress

if __name__ == "__main__":
    # What draws the line takes a while to load: what is short would be over before.
    for name in ("console", "progress", "table"):
        import_module(f"rich.{name}")
    progress._PATIENCE, progress._EVERY = float(sys.argv.pop(1)), 0.01
    main()
