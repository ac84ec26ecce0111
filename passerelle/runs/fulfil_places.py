"""How the XML of a sale is named on the server.

The ERP's refusals are told by name, so that no two sales may ever have the same.
"""

from datetime import datetime

from passerelle.config import Location, Settings
from passerelle.dispatch import free_place_from
from passerelle.errors import ConfigError
from passerelle.gateway import Gateway
from passerelle.language import _
from passerelle.runs.orders import is_taken


class Places:
    """Names for the XMLs of one run, no two of them the same."""

    def __init__(self, gateway: Gateway) -> None:
        """Raises :class:`ConfigError` where the config does not say where sales go."""
        self._gateway, self._now = gateway, gateway.now()
        self._template = _destination(gateway.settings)
        self._given: set[tuple[str, str]] = set()
        # The moment from which a name is free; those before it need not be tried again.
        self._free_from: dict[str, datetime] = {}

    def next(self, id: str) -> Location:
        """A name that no other XML has, had or gets."""
        template = self._template
        named = template.with_name(template.name.replace("{id}", _for_name(id)))
        # Windows knows no difference between small and large letters.
        alike = named.name.casefold()
        place, moment = free_place_from(
            named, self._free_from.get(alike, self._now), self._is_taken
        )
        self._free_from[alike] = moment
        self._given.add(_as_windows_has_it(place))
        return place

    def _is_taken(self, place: Location) -> bool:
        return _as_windows_has_it(place) in self._given or is_taken(self._gateway, place)


def _as_windows_has_it(place: Location) -> tuple[str, str]:
    return place.server, place.path.casefold()


def _for_name(id: str) -> str:
    """An order's id as a part of a file's name, on any system."""
    return "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "_" for c in id)[:60]


def _destination(settings: Settings) -> Location:
    """Where sales go. Raises :class:`ConfigError` where that is not said."""
    if settings.fulfil.to is None:
        mend = _("add it; `passerelle init` shows how")
        raise ConfigError(_("fulfil.to is missing"), "config.toml", mend)
    return settings.fulfil.to
