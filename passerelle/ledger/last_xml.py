"""The last XML of an order or of a sale, read back beside it."""

from typing import Any

from sqlalchemy import Row, Table, select

from passerelle.ledger.schema import dispatches
from passerelle.ledger.states import Stage


def select_with_xml(table: Table) -> Any:
    """A SELECT of ``table``'s rows, each with its dispatch; conditions are still to be given."""
    joined = table.outerjoin(dispatches, table.c.dispatch == dispatches.c.number)
    d = dispatches.c
    return select(
        *(table, d.path, d.server, d.archived, d.sent, d.published, d.taken, d.stage)
    ).select_from(joined)


def xml_of(row: Row[Any]) -> dict[str, Any]:
    """What such a row tells of the XML; nothing where there is none, or it was given up."""
    if row.stage in (None, Stage.ABANDONED):
        return {}
    return {
        "stage": Stage(row.stage),
        "sent_as": row.path,
        "archived": row.archived,
        "server": row.server,
        "sent": row.sent,
        "published": row.published,
        "taken": row.taken,
    }
