"""``passerelle check`` of the tills: may they be served so, and does their book open?"""

from collections.abc import Iterator
from importlib.util import find_spec

from passerelle.base.errors import ConfigError, PasserelleError
from passerelle.base.language import _
from passerelle.checks.findings import Finding, fault, ok, warning
from passerelle.config.model import Settings
from passerelle.config.tills import Tills, host_and_port, is_loopback
from passerelle.ledger.till_reading import reading_till_book

_BOOK = "tills.db"


def check_tills(settings: Settings) -> Iterator[Finding]:
    if settings.tills is None:
        return
    yield from _check_way(settings.tills)
    if find_spec("starlette") is None:
        mend = _('on the machine that serves the tills: pip install "passerelle[tills]"')
        yield warning("tills", _("`passerelle till serve` cannot run here"), mend)
    if settings.orders is None:
        found = _("the ERP gets nothing of what the tills are paid for: there is no [orders]")
        yield warning("tills", found, _("add it; `passerelle init` shows how"))
    elif "{time}" not in settings.orders.to.name:
        found = _("each order of the tills waits until the ERP has taken the one before")
        yield warning("orders.to", found, _('write {time} into its name: "commandes_{time}.xml"'))
    try:
        with reading_till_book(settings.folder, settings.tills.groups) as book:
            found = _("there is none yet; `passerelle till serve` makes it")
            if book is not None:
                found = _("it opens; {n} changes so far").format(n=book.seq)
            yield ok(_BOOK, found)
    except PasserelleError as error:
        yield fault(_BOOK, error)


def _check_way(tills: Tills) -> Iterator[Finding]:
    host, _port = host_and_port(tills.listen)
    if tills.tls == "off" and not is_loopback(host):
        what = _('tls = "off" lets whoever is in the network read along on {host}')
        mend = _('set tls = "own", or listen on 127.0.0.1')
        yield fault("tills.tls", ConfigError(what.format(host=host), "tills.tls", mend))
