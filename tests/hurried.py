"""``python -m tests.hurried SECONDS ARGS``: the program, which shows its progress after so long."""

import sys

import rich.console
import rich.progress
import rich.table

from passerelle.__main__ import main
from passerelle.base import progress

__all__ = ["rich"]  # loaded here: what is quick on a quick machine is over before

if __name__ == "__main__":
    progress._PATIENCE, progress._EVERY = float(sys.argv.pop(1)), 0.01
    main()
