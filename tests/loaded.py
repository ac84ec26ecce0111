"""``python -m tests.loaded LIBRARY ARGS``: the program; says last whether it loaded the library."""

import sys

from passerelle.__main__ import main

if __name__ == "__main__":
    library = sys.argv.pop(1)
    try:
        main()
    except SystemExit as end:
        sys.stdout.write(f"{library in sys.modules} {end.code}\n")
