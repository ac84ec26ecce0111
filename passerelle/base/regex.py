"""Regular expressions that are compiled when they are first used.

A command needs few of the many that its modules hold; compiling all of them is a good part of the
time in which it starts.
"""

import re
from collections.abc import Callable
from functools import partial
from typing import Any, AnyStr, cast


class Later:
    """Stands for ``re.Pattern``, whose methods and attributes it has from the first use on."""

    def __init__(self, compiled: Callable[[], Any]) -> None:
        self._compiled = compiled

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # what copies or saves objects asks before there is anything
            raise AttributeError(name)
        found = getattr(self._compiled(), name)
        setattr(self, name, found)
        return found


def regex(text: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """As ``re.compile``, but what is wrong with ``text`` shows when it is first used.

    It goes for a ``re.Pattern`` by these alone, not as an argument of ``re``'s functions.
    """
    return cast("re.Pattern[AnyStr]", Later(partial(re.compile, text, flags)))
