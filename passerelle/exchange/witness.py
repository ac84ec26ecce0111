"""Names the last XML beside the ledger, so that a lost ledger is not taken for a new one.

A ledger that was deleted, or put back from an older copy, would send again what the ERP has. The
file ``passerelle.last`` says which dispatch came last; a ledger that does not know it is held.
"""

import json
from contextlib import suppress
from pathlib import Path

from passerelle.base.durable import replace_whole
from passerelle.base.errors import HeldError
from passerelle.base.language import _
from passerelle.ledger.ledger import Ledger
from passerelle.model.records import Dispatch

FILE_NAME = "passerelle.last"


class Witness:
    """The witness in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE_NAME

    def remember(self, dispatch: Dispatch, ledger: str) -> None:
        """Names the last dispatch, and the ledger by its token. That it fails stops no run."""
        last = {"ledger": ledger, "dispatch": dispatch.number, "archived": dispatch.archived}
        with suppress(OSError):
            replace_whole(self._path, json.dumps(last).encode())

    def other_ledger(self, ledger: Ledger) -> str:
        """The token of the ledger that it speaks of, where that is another one; else ``""``."""
        with suppress(OSError, ValueError, KeyError, TypeError):
            named = str(json.loads(self._path.read_bytes())["ledger"])
            return named if named != ledger.servers.token else ""
        return ""

    def forget(self) -> None:
        """A person has looked after what a lost ledger had known."""
        self._path.unlink(missing_ok=True)

    def _is_settled(self, ledger: Ledger) -> bool:
        """A person has looked after what a lost ledger had known, on another machine."""
        adopted = ledger.orders.last_adopted()
        with suppress(OSError):
            return adopted is not None and self._path.stat().st_mtime < adopted.timestamp()
        return False

    def question(self, ledger: Ledger) -> None:
        """Raises :class:`HeldError` for a ledger that does not know the last dispatch."""
        try:
            last = json.loads(self._path.read_bytes())
            number, archived = int(last["dispatch"]), str(last["archived"])
        except (OSError, ValueError, KeyError, TypeError):
            return
        if ledger.dispatches.archived_as(number) != archived and not self._is_settled(ledger):
            what = _(
                "the ledger does not know {archived}, which was sent: it was lost, or it is an "
                "older copy"
            )
            mend = _(
                "put back the newest passerelle.db, or its database; or let the mark on the server "
                "say what was sent: `passerelle orders adopt --until-mark`; only where there is "
                "none, and once all orders now in the shop's file are in the ERP, `passerelle "
                "orders adopt`"
            )
            raise HeldError(what.format(archived=archived), str(self._path.parent), mend)
