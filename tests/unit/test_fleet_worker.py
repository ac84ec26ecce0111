"""A slot of a fleet."""

import subprocess
import sys
import threading

_SLOT = """
import os
from passerelle.fleet.worker import _own_input
own = _own_input()
print(os.read(0, 9), os.read(own, 9), os.read(own, 9))
"""


def test_has_its_input_for_itself() -> None:
    """On Windows, libraries that looked at it while they are loaded would wait for its end."""
    done = subprocess.run([sys.executable, "-c", _SLOT], input=b"go on", capture_output=True)
    assert done.stdout.split() == [b"b''", b"b'go", b"on'", b"b''"], done.stderr


def test_has_none_to_wait_in_where_there_is_none() -> None:
    closed = f"import os; os.close(0)\n{_SLOT}"
    done = subprocess.run([sys.executable, "-c", closed], capture_output=True)
    assert b"Bad file descriptor" in done.stderr


_LOADS = """
import os, threading
from passerelle.fleet.worker import _own_input
own = _own_input()
threading.Thread(target=lambda: os.read(own, 9), daemon=True).start()
import numpy
print("loaded", flush=True)
"""


def test_loads_what_a_run_needs_while_its_input_is_read() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _LOADS], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as slot:
        watch = threading.Timer(60, slot.kill)
        watch.start()
        assert slot.stdout is not None
        assert slot.stdout.read().split() == [b"loaded"]
        watch.cancel()
