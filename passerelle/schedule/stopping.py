"""Ends a loop at Ctrl+C, at a service's stop, and when its console window is closed."""

import _thread
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

# What else ends a process, where the system knows it.
_SIGNALS = ("SIGTERM", "SIGHUP")
_CTRL_C = 0
# Windows ends the process 5 seconds after its window was closed.
_PATIENCE = 4.5


@contextmanager
def stoppable() -> Iterator[None]:
    """Within it, whatever asks the process to end raises :class:`KeyboardInterrupt`."""
    with ExitStack() as stack:
        for number in (getattr(signal, name) for name in _SIGNALS if hasattr(signal, name)):
            # What is ignored stays so: `nohup` wants it.
            if (before := signal.getsignal(number)) != signal.SIG_IGN:
                signal.signal(number, signal.default_int_handler)
                stack.callback(signal.signal, number, before)
        stack.enter_context(_closable())
        yield


@contextmanager
def _closable() -> Iterator[None]:
    """On Windows: the close button, Ctrl+Break, log-off and shutdown.

    Not through ``SIGBREAK``: the process ends as soon as that event's handler returns, so the
    handler, which has a thread of its own, waits here until the main thread is done.
    https://learn.microsoft.com/windows/console/handlerroutine
    """
    if sys.platform != "win32":
        yield
        return
    import ctypes
    from ctypes import wintypes

    done = threading.Event()

    @ctypes.WINFUNCTYPE(wintypes.BOOL, wintypes.DWORD)
    def handle(event: int) -> bool:
        if event == _CTRL_C:
            return False
        _thread.interrupt_main()
        done.wait(_PATIENCE)
        return True

    ctypes.windll.kernel32.SetConsoleCtrlHandler(handle, True)
    try:
        yield
    finally:
        done.set()
        ctypes.windll.kernel32.SetConsoleCtrlHandler(handle, False)
