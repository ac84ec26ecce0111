"""What a command imports, and nothing that it does with it.

``python -m benchmarks.contenders.imports LIST``: imports the modules that LIST names. With more
arguments, runs Passerelle with those and writes LIST.
"""

import atexit
import importlib
import runpy
import sys
from pathlib import Path


def main(names: str, *args: str) -> None:
    """Writes the list, or imports what is on it."""
    path = Path(names)
    if not args:
        for name in path.read_text("utf-8").splitlines():
            importlib.import_module(name)
        return
    atexit.register(lambda: path.write_text("\n".join(_imported()), encoding="utf-8"))
    sys.argv[1:] = args
    runpy.run_module("passerelle", run_name="__main__")


def _imported() -> list[str]:
    """The names under which modules can be imported again, in the order of their imports."""
    found = [(name, getattr(module, "__spec__", None)) for name, module in sys.modules.items()]
    return [name for name, spec in found if spec and spec.name == name and name != "__main__"]


if __name__ == "__main__":
    main(*sys.argv[1:])
