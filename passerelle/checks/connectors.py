"""``passerelle check`` of a sync: both ends answer, with the rights, at the right place."""

from collections.abc import Iterator
from contextlib import closing

from passerelle.base.errors import AccessDeniedError, PasserelleError
from passerelle.base.language import _
from passerelle.checks.findings import Finding, fault, ok, warning
from passerelle.config.model import Settings
from passerelle.config.sync import Sync
from passerelle.connectors import open_source, open_target
from passerelle.model.location import Location

# This machine: nobody else hears what goes there.
_HERE = ("http://127.0.0.1", "http://localhost", "http://[::1]")


def check_connectors(settings: Settings) -> Iterator[Finding]:
    """Findings of each connector and of each sync; reads only."""
    for name, connector in settings.connectors.items():
        what = f"connectors.{name}"
        if connector.url.startswith("http://") and not connector.url.startswith(_HERE):
            found = _("its key travels unencrypted")
            yield warning(f"{what}.url", found, _("write it with https://"))
        try:
            with closing(
                (open_source if connector.kind == "zort" else open_target)(name, connector)
            ) as end:
                for words in end.describe():
                    yield ok(what, words)
        except PasserelleError as error:
            yield fault(what, error)
    for name, sync in settings.sync.items():
        yield from _check_sync(settings, name, sync)
    if settings.stock and settings.stock.source.server in settings.connectors:
        yield _check_levels(settings, settings.stock.source)


def _check_levels(settings: Settings, place: Location) -> Finding:
    """What `run stock` reads instead of an ExportCSV."""
    try:
        with closing(open_source(place.server, settings.connectors[place.server])) as source:
            source.check_warehouses((place.path,))
    except PasserelleError as error:
        return fault("stock.from", error)
    return ok("stock.from", _("{location} is there").format(location=place.path))


def _check_sync(settings: Settings, name: str, sync: Sync) -> Iterator[Finding]:
    what = f"sync.{name}"
    try:
        if sync.warehouses:
            connector = settings.connectors[sync.source]
            with closing(open_source(sync.source, connector)) as source:
                source.check_warehouses(sync.warehouses)
        with closing(open_target(sync.to, settings.connectors[sync.to])) as target:
            place = target.find_place(sync.company, sync.location)
            yield ok(
                what,
                _("{location} of {company} is there").format(
                    location=place.name, company=sync.company
                ),
            )
            if group := target.lacks_group():
                denied = AccessDeniedError(
                    _("the user may not write levels"),
                    "",
                    _("give it the group {group} in Odoo").format(group=group),
                )
                yield fault(what, denied)
    except PasserelleError as error:
        yield fault(what, error)
    if not sync.enabled:
        yield ok(what, _("switched off (enabled = false): no job is made"))
