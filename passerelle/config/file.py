"""Which config.toml it is, and the language that it asks for: what even ``--help`` must know."""

import os
import sys
from contextlib import suppress
from pathlib import Path

from passerelle.base.language import speak
from passerelle.base.regex import regex

ENVIRONMENT = "PASSERELLE_CONFIG"
FILE_NAME = "config.toml"
# Before the first table, on a line of its own; for files that are no TOML, too.
_LANGUAGE = regex(r"""(?:^|\n)[ \t]*language[ \t]*=[ \t]*["'](\w+)["']""")


def config_place(option: Path | None = None) -> Path:
    """Where config.toml is, or would be: the option, ``$PASSERELLE_CONFIG``, beside the .exe, or
    here."""
    return (option or _by_default()).absolute()


def _by_default() -> Path:
    named = os.environ.get(ENVIRONMENT)
    if named:
        return Path(named)
    frozen = getattr(sys, "frozen", False)
    return (Path(sys.executable).parent if frozen else Path.cwd()) / FILE_NAME


def speak_as_in(text: str) -> None:
    """Speaks the language of a config.toml, as far as it can be told of a text."""
    found = _LANGUAGE.search(text.partition("\n[")[0])
    speak(found[1] if found else "auto")


def speak_as_configured(option: Path | None = None) -> None:
    """The same of the file that is there, if there is one. Never raises: others tell what is
    wrong with it."""
    with suppress(OSError, ValueError):
        speak_as_in(config_place(option).read_text("utf-8-sig", "replace"))
