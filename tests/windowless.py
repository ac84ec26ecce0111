"""``python -m tests.windowless ARGS``: the program as a windowed .exe runs it, without streams."""

import sys

from passerelle.__main__ import main

if __name__ == "__main__":
    sys.stdout = sys.stderr = sys.stdin = None
    main()
