"""``python -m tests.hurried SECONDS ARGS``: the program, which shows its progress after so long."""

import sys

from passerelle.__main__ import main
from passerelle.base import progress

if __name__ == "__main__":
    progress._PATIENCE, progress._EVERY = float(sys.argv.pop(1)), 0.01
    main()
