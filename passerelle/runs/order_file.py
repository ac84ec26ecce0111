"""The shop's order file as every run reads it: with what earlier files proved and the ledger knows.

Spreadsheets write ids anew: 000051 becomes 51, 51.0 or #51. An order that the ledger knows under
one spelling is the same under another where its reference and its date agree.
"""

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from passerelle.archive.folders import WITHHELD
from passerelle.archive.goods import keep_goods
from passerelle.base.dates import DateOrder
from passerelle.base.errors import HeldError
from passerelle.base.ids import plain_id
from passerelle.base.language import _
from passerelle.base.progress import step
from passerelle.csv_to_xml.order_csv import OrderFile, read_orders
from passerelle.exchange.kept import shelf_of
from passerelle.exchange.sources import Source
from passerelle.gateway.frame import Gateway
from passerelle.model.orders import Fault, Order, Reading
from passerelle.model.records import KnownOrder
from passerelle.rules.fate import is_id_used_again
from passerelle.rules.spellings import about_spelling, is_same, under
from passerelle.runs.order_remarks import spelled_once


def read_order_file(gateway: Gateway, source: Source) -> tuple[OrderFile, Mapping[str, KnownOrder]]:
    """The file, and what the ledger knows of its orders, by id.

    Raises what :func:`passerelle.csv_to_xml.order_csv.read_orders` does.
    """
    settings, name = gateway.settings.needed_orders, source.place.name
    with step(_("reading {file}").format(file=name)):
        proved, cards = proved_before(gateway), gateway.settings.gift_card_ids
        file = read_orders(source.data, settings, name, cards, proved)
    is_told = gateway.ledger.runs.chore_done(dates_told(settings.channel)) is not None
    file = replace(
        file,
        date_order=file.date_order or proved,
        dates_in_doubt=file.dates_in_doubt and not is_told,
    )
    book, ids = gateway.ledger.orders, [reading.id for reading in file.readings]
    known = book.known(settings.channel, ids)
    file = spelled_once(file, name, known)
    named = _named_in_the_ledger(gateway, file, known)
    readings = tuple(_as_known(r, named.get(r.id) or known.get(r.id)) for r in file.readings)
    told = (about_spelling(order.id, other) for other, order in named.items())
    notes = tuple(Fault(name, file.top, "id", text) for text in told)
    file = replace(file, readings=readings, notes=(*file.notes, *notes))
    return file, {**known, **{order.id: order for order in named.values()}}


def check_columns(gateway: Gateway, file: OrderFile) -> None:
    """Raises :class:`HeldError` where a column that decides was there last time and is gone.

    What is not told cannot decide what is sent, nor what was sold.
    """
    settings = gateway.settings.needed_orders
    runs = [gateway.ledger.runs.last(run, (0, 5)) for run in ("orders", "stock")]
    before = dict.fromkeys(key for run in runs if run for key in run.facts.get("decided_by", ()))
    asked_for = {key for key, names in settings.columns if names}
    if gone := [key for key in before if key in asked_for and key not in file.deciding]:
        what = _("the file has no column for {keys} any more").format(keys=", ".join(gone))
        mend = _(
            "have the shop export it again, or name it in orders.columns.{key}; if it is gone for "
            "good, set orders.columns.{key} = []"
        )
        place = str(settings.source)
        raise HeldError(what, place, mend.format(key=gone[0]))


def keep_goods_of(gateway: Gateway, orders: Sequence[Order]) -> None:
    """For people, as far as it can: before the ledger knows the orders, so that a run that dies in
    between meets them as new again."""
    if not orders:
        return
    channel = gateway.settings.needed_orders.channel
    try:
        keep_goods(shelf_of(gateway.settings, gateway.ledger), channel, orders, gateway.now())
    except OSError as error:
        text = _(
            "the goods of orders that were not sent cannot be kept in {folder} ({reason}): make "
            "room or give this account the right to write there; until their orders change, "
            "`orders show` has item numbers alone"
        )
        gateway.warn(text.format(folder=WITHHELD, reason=error.strerror or error))


def dates_told(channel: str) -> str:
    """The chore of telling that dates are read as is usual; it is done once."""
    return f"the usual order of day and month was told: {channel}"


def proved_before(gateway: Gateway) -> DateOrder | None:
    """The order of day and month that the shop's last file proved which proved one."""
    last = gateway.ledger.runs.last("orders", (0, 5))
    order: DateOrder | None = last.facts.get("date_order") if last else None
    return order


def _named_in_the_ledger(
    gateway: Gateway, file: OrderFile, known: Mapping[str, KnownOrder]
) -> Mapping[str, KnownOrder]:
    """What the ledger knows of orders, by the ids that the file writes otherwise."""
    book, channel = gateway.ledger.orders, gateway.settings.needed_orders.channel
    readings = {reading.id: reading for reading in file.readings}
    unknown = readings.keys() - known.keys()
    alike: dict[str, list[KnownOrder]] = {}
    for order in book.spelled_like(channel, {plain_id(id) for id in unknown}):
        alike.setdefault(plain_id(order.id), []).append(order)
    found = {}
    for id in unknown:
        same = [o for o in alike.get(plain_id(id), ()) if is_same(readings[id], o)]
        if len(same) == 1 and same[0].id not in readings:
            found[id] = same[0]
    return found


def _as_known(reading: Reading, known: KnownOrder | None) -> Reading:
    """With what the ledger has, unless that is another order under the same id."""
    return reading if known is None or is_id_used_again(reading, known) else under(reading, known)
