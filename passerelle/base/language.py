"""The language in which people are spoken to: English, or French by a gettext catalogue.

Rooms mark what people read with ``_`` and ``n_``. Commands, config keys, states and JSON stay
English, whatever the language.
"""

import gettext
import os
import sys
from pathlib import Path
from typing import Any, Literal

Language = Literal["fr", "en"]
LANGUAGES: tuple[Language, ...] = ("fr", "en")
DOMAIN = "passerelle"
# What gettext itself looks at, in its order.
_VARIABLES = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
# The low byte of Windows' language identifiers: https://learn.microsoft.com/windows/win32/intl/
_WINDOWS_FRENCH = 0x0C
_spoken: Language = "en"
_catalogue: gettext.NullTranslations = gettext.NullTranslations()


def speak(language: str) -> None:
    """Speaks ``"fr"`` or ``"en"`` from now on; anything else (``"auto"``) the system's language."""
    global _spoken, _catalogue
    chosen = [known for known in LANGUAGES if known == language]
    _spoken = chosen[0] if chosen else system_language()
    _catalogue = _french() if _spoken == "fr" else gettext.NullTranslations()


def spoken() -> Language:
    return _spoken


def system_language() -> Language:
    """French where the environment's variables, or else Windows, say so; English otherwise."""
    named = next((value for name in _VARIABLES if (value := os.environ.get(name))), "")
    if named:
        return "fr" if named.lower().startswith("fr") else "en"
    if sys.platform == "win32":
        import ctypes

        user = int(ctypes.windll.kernel32.GetUserDefaultUILanguage())
        return "fr" if user & 0xFF == _WINDOWS_FRENCH else "en"
    return "en"


def _(message: str) -> str:
    """``message`` in the language spoken; its ``{names}`` are still to be filled in."""
    return _catalogue.gettext(message)


def N_(message: str) -> str:  # noqa: N802 - gettext's own name for it
    """``message`` itself: marks what a table holds, to be translated by ``_`` where it is used."""
    return message


def n_(singular: str, plural: str, number: int, **values: Any) -> str:
    """The form for ``number``, which fills ``{n}``, as ``values`` fill the other names."""
    return plural_of(singular, plural, number).format(n=number, **values)


def plural_of(singular: str, plural: str, number: int) -> str:
    """The form for ``number``; its ``{names}`` are still to be filled in."""
    return _catalogue.ngettext(singular, plural, number)


def _french() -> gettext.GNUTranslations:
    path = Path(__file__).parents[1] / "locale" / "fr" / "LC_MESSAGES" / f"{DOMAIN}.mo"
    with path.open("rb") as file:
        return gettext.GNUTranslations(file)
