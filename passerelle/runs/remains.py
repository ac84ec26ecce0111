"""What lies on a server of an XML in doubt, looked at where a person steers its orders.

The ledger does not know: the XML may lie under its name, or under that of its upload, which no run
gives its name any more.
"""

from contextlib import suppress

from msgspec import Struct

from passerelle.base.deadline import Deadline
from passerelle.base.errors import NotFoundError, PasserelleError
from passerelle.base.language import _
from passerelle.config.model import Settings
from passerelle.exchange.uploads import tmp_name
from passerelle.ledger.ledger import Ledger
from passerelle.model.records import KnownOrder, KnownSale
from passerelle.remotes import open_remote
from passerelle.remotes.base import Remote, is_gone


class Remains(Struct, frozen=True):
    """Whether the XML lies there, and its upload; ``problem`` says why nobody could look."""

    xml: bool = False
    upload: bool = False
    problem: str = ""

    @property
    def may_be_taken(self) -> bool:
        return self.xml or bool(self.problem)


class Seeker:
    """The servers, opened when something is to be looked for there."""

    def __init__(self, settings: Settings, ledger: Ledger) -> None:
        self._servers, self._token = settings.servers, ledger.servers.token
        self._deadline = Deadline(settings.time_limit)
        self._remotes = dict[str, Remote]()
        self._seen = dict[int | None, Remains]()

    def look(self, order: KnownOrder | KnownSale) -> Remains:
        """Looks once for each XML."""
        if order.dispatch not in self._seen:
            self._seen[order.dispatch] = self._look(order)
        return self._seen[order.dispatch]

    def _look(self, order: KnownOrder | KnownSale) -> Remains:
        name, path = order.server or "", order.sent_as or ""
        if name not in self._servers:
            return Remains(problem=_('no server is named "{name}" any more').format(name=name))
        try:
            remote = self._remote(name)
            upload = not is_gone(remote, tmp_name(path, self._token))
            return Remains(not is_gone(remote, path), upload)
        except PasserelleError as error:
            return Remains(problem=error.what)

    def take_upload_away(self, order: KnownOrder | KnownSale) -> None:
        """Nobody but this ledger touches it, and no run needs it any more."""
        if self.look(order).upload:
            with suppress(NotFoundError):
                self._remote(order.server or "").delete(tmp_name(order.sent_as or "", self._token))

    def _remote(self, name: str) -> Remote:
        if name not in self._remotes:
            self._remotes[name] = open_remote(name, self._servers[name], self._deadline)
        return self._remotes[name]

    def close(self) -> None:
        for remote in self._remotes.values():
            remote.close()
