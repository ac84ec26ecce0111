"""The answer for programs: ``stock why --json``."""

from typing import Any

from passerelle.ledger.stock import Publication
from passerelle.life import Inquiry
from passerelle.runs.stock import stock_settings
from passerelle.stock_why.answer import Answer, Held, Sale


def as_dict(
    inquiry: Inquiry, asked: str, answers: list[Answer], *, taken: bool | None
) -> dict[str, Any]:
    """One object; ``items`` has one for each item that was found."""
    stock = stock_settings(inquiry.settings)
    publication = answers[0].publication if answers else None
    return {
        "asked": asked,
        "publication": publication
        and {
            "file": str(stock.to),
            "at": publication.at,
            "stage": publication.stage,
            "erp_file": str(stock.source),
            "erp_wrote": publication.source_modified,
            "taken_by_shop": _is_taken(publication) if taken is None else taken,
        },
        "items": [_item(answer) for answer in answers],
    }


def _is_taken(publication: Publication) -> bool | None:
    """As far as the ledger knows."""
    if publication.stage == "withdrawn" or publication.fate == "left":
        return False
    return True if publication.fate == "taken" else None


def _item(answer: Answer) -> dict[str, Any]:
    return {
        "item": answer.item,
        "found_in": [{"line": row.line, "column": row.column} for row in answer.rows],
        "in_erp_file": answer.is_in_file,
        "gift_card": answer.card is not None,
        "held_back": bool(answer.held),
        "lines": [_held(held) for held in answer.held]
        + [
            {"line": line, "erp": level, "published": level, "sales": []}
            for line, level in answer.plain
        ],
        "published_as_gift_card": answer.card,
        "since": answer.since.at if answer.since else None,
        "since_is_exact": answer.since.is_exact if answer.since else None,
    }


def _held(held: Held) -> dict[str, Any]:
    line = held.line
    return {
        "line": line.line,
        "erp": line.before,
        "published": line.after,
        "sales": [_sale(sale) for sale in held.sales],
    }


def _sale(sale: Sale) -> dict[str, Any]:
    order = sale.order
    return {
        "order": sale.id,
        "quantity": sale.quantity,
        "state": order.state if order else None,
        "sent_as": order.sent_as if order else None,
    }
