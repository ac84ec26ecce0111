"""``run stock``: the ERP's stock, corrected, becomes the file that the shop's import reads.

The story: finish what an earlier run left; fetch the ERP's stock and the order CSV; find the
sales that the ERP has not heard of; check the guards; fix the file; tell the plan; publish and
read back. Where nothing is published, for whatever reason, an older file that the shop has not
taken yet is withdrawn: a missing file is harmless to the shop, a wrong one is not.
"""

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import timedelta

from passerelle.base.dates import same_moment
from passerelle.base.language import _
from passerelle.base.progress import step
from passerelle.base.wording import in_words
from passerelle.config.model import Settings
from passerelle.config.orders import Orders
from passerelle.config.stock import Stock
from passerelle.exchange.sources import Source
from passerelle.gateway.frame import Gateway, Outcome
from passerelle.health.chain import should_be_taken
from passerelle.model.orders import Missed, Reading, Sold
from passerelle.model.records import KnownOrder, KnownSale
from passerelle.model.states import SEEN, Kind, SaleState, Stage, State
from passerelle.remotes.base import is_gone
from passerelle.rules.changes import find_changes, held_for
from passerelle.rules.erp_file import ErpFile, trusted_time
from passerelle.rules.fate import is_abandoned
from passerelle.rules.fulfilment import will_be_wanted
from passerelle.rules.guards import (
    baselines,
    check_age,
    check_drop,
    check_lines,
    check_orders_age,
    is_drop,
    sold_out,
)
from passerelle.rules.missed_sales import SaleKey, counts_for_stock, find_missed
from passerelle.runs.departures import find_outside
from passerelle.runs.fulfil_look import note_done
from passerelle.runs.order_file import check_columns, keep_goods_of, read_order_file
from passerelle.runs.orders_plan import note_only, others
from passerelle.runs.refusals import note_refused
from passerelle.runs.stock_baseline import before_the_ledger
from passerelle.runs.stock_plan import (
    OrderSource,
    StockPlan,
    describe,
    facts,
    summarise,
)
from passerelle.runs.stock_remarks import stock_rejection
from passerelle.runs.withdrawing import (
    leave_old_place,
    look_after_left,
    take_back,
    take_back_by_copy,
)
from passerelle.stock_csv_fix.fix import FixedStock, fix_stock
from passerelle.stock_csv_fix.levels import read_levels

# So far in the future a file is only where somebody set a clock.
_AHEAD = timedelta(minutes=1)


def run_stock(gateway: Gateway, *, accept_drop: bool = False) -> Outcome:
    """Runs the story. Raises :class:`PasserelleError` where it must stop."""
    settings = gateway.settings.needed_stock
    try:
        gateway.recover()
        for trouble in note_refused(gateway):
            gateway.warn(str(trouble))
        if gateway.settings.fulfil.enabled:
            note_done(gateway)
        gateway.outbox.levels.settle(Kind.STOCK)
        note_fate(gateway)
        look_after_left(gateway)
        erp, notes = fetch_stock(gateway, settings)
        orders = fetch_orders(gateway, settings)
        gateway.do(lambda: note_orders(gateway, orders))
        check_columns(gateway, orders.file)
        plan = plan_stock(gateway, settings, erp, notes, orders, accept_drop=accept_drop)
        for line in describe(plan):
            gateway.say(line)
        gateway.do(lambda: publish(gateway, settings, plan, accept_drop=accept_drop))
    except (Exception, KeyboardInterrupt):
        take_back(gateway, settings.to)
        raise
    outcome_facts = facts(plan, gateway.now())
    return Outcome(summarise(plan), stock_rejection(plan.fixed), outcome_facts)


def without_ledger(settings: Settings, warn: Callable[[str], None]) -> None:
    """What is done where the run cannot even begin."""
    take_back_by_copy(settings, settings.needed_stock.to, "", warn)


def plan_stock(
    gateway: Gateway,
    settings: Stock,
    source: Source,
    notes: tuple[str, ...],
    orders: OrderSource,
    *,
    accept_drop: bool,
) -> StockPlan:
    """Decides and fixes; changes nothing."""
    missed = missed_sales(gateway, settings, source, orders)
    notes += tuple(f"! {note}" for note in dict.fromkeys((*source.notes, *orders.notes)))
    with step(_("correcting {file}").format(file=source.place.name)):
        fixed = fix_stock(source.data, settings, missed, source.place.name)
    _check_amount(gateway, settings, fixed, source, accept_drop=accept_drop)
    return StockPlan(source, orders, missed, fixed, notes, str(settings.to))


def fetch_stock(gateway: Gateway, settings: Stock) -> tuple[Source, tuple[str, ...]]:
    """The ERP's file, not stale, and what its server does not tell of it."""
    if gateway.ledger.stock.clock_offset(settings.source.server) is None:
        _measure_clock(gateway, settings)
    source = gateway.sources.fetch(settings.source)
    return source, _check_age(gateway, settings, source)


def _measure_clock(gateway: Gateway, settings: Stock) -> timedelta | None:
    server, found = settings.source.server, list[timedelta | None]()
    beside = settings.to if settings.to.server == server else settings.source
    measure = gateway.sources.measure_clock
    gateway.do(lambda: found.append(measure(beside)))
    return next(iter(found), None)


def _check_age(gateway: Gateway, settings: Stock, source: Source) -> tuple[str, ...]:
    """Holds a stale file. Before that, the server's clock is measured anew: it may have moved."""
    name, guards, age = source.place.name, settings.guards, source.age
    if age is not None and not -_AHEAD <= age <= guards.max_age and source.modified:
        offset = _measure_clock(gateway, settings)
        age = gateway.now() + offset - source.modified if offset is not None else age
    if age is not None:
        check_age(age, guards, name)
        return ()
    if source.modified is not None:
        check_age(gateway.now() - source.modified, guards, name)
        note = _("the clock of {server} is not known: it was taken for ours")
        return (f"! {note.format(server=source.place.server)}",)
    met = gateway.ledger.stock.first_met(hashlib.sha256(source.data).hexdigest())
    if met:
        check_age(gateway.now() - met, guards, name)
    note = _(
        "the server does not tell when {file} was written; it is only held when the same "
        "content was met more than {span} ago"
    )
    return (f"! {note.format(file=name, span=in_words(guards.max_age))}",)


def fetch_orders(gateway: Gateway, settings: Stock) -> OrderSource:
    """The shop's orders, and what the ledger knows of them."""
    orders = gateway.settings.needed_orders
    csv = gateway.sources.fetch(orders.source)
    if csv.age is not None:
        check_orders_age(csv.age, settings.guards, csv.place.name)
    return OrderSource(csv, *read_order_file(gateway, csv))


def note_orders(gateway: Gateway, met: OrderSource) -> None:
    """What was once in a readable file is known ever after, whether or not orders are run."""
    orders, book = gateway.settings.needed_orders, gateway.ledger.orders
    adopted, why = book.high_water(orders.channel), _("the run of orders has not met it yet")
    marks = note_only(met.file, met.known, orders, adopted, why)
    told = {m.reading.id for m in marks if m.state != State.SKIPPED and not m.cancelled}
    keep_goods_of(gateway, [r.order for r in met.file.readings if r.order and r.id in told])
    book.mark(orders.channel, marks, gateway.now())
    for other in others(met.file, met.known, orders):
        book.note_change(orders.channel, other, gateway.now())


def missed_sales(
    gateway: Gateway, settings: Stock, source: Source, met: OrderSource
) -> dict[str, Missed]:
    orders, file, known = gateway.settings.needed_orders, met.file, dict(met.known)
    book = gateway.ledger.orders
    erp = erp_file(gateway, settings, source)
    changes = find_changes(file.readings, known, book.sold, orders)
    readings = [reading for reading in file.readings if reading.id not in changes.settled]
    # What has another order's id is judged by itself.
    first = [known.pop(id) for id in changes.others]
    inside = {r.id: r.date for r in file.readings if r.id not in changes.others}
    outside = [
        order
        for order in book.unseen_by_erp(*erp.doubts)
        if order.channel != orders.channel or order.id not in inside
    ]
    sales = _pending_sales(gateway, erp)
    sales |= _sales_to_come(gateway, file.readings, known, orders)
    beyond = {id for channel, id, _at in sales if channel == orders.channel} - known.keys()
    beyond -= {order.id for order in outside if order.channel == orders.channel}
    outside += book.known(orders.channel, beyond).values() if beyond else ()
    left = find_outside(gateway, book.unpaid(), inside)
    first += [order for order in left if not is_abandoned(order, orders, gateway.now())]
    outside += [order for order in first if order not in outside]
    sold = book.sold(outside)
    missed = find_missed(
        readings,
        known,
        {order: sold[order.channel, order.id] for order in outside},
        erp,
        orders,
        withheld_is_missed=settings.withheld_is_missed,
        sales=sales,
        beyond=changes.beyond,
        others=[
            *_changed_outside(gateway, inside),
            *_others_outside(gateway, file.readings),
            *_held_by_tills(gateway),
        ],
    )
    # What came back raises a level, where levels are counted at all.
    counts = settings.missed_sales == "subtract"
    return {item: one for item, one in missed.items() if counts or (one.quantity or 0) >= 0}


def _held_by_tills(gateway: Gateway) -> Iterable[tuple[str, Collection[Sold]]]:
    """What stands in the tills' orders that the ERP cannot have heard of."""
    if gateway.settings.tills is None:
        return ()
    from passerelle.runs.till_holds import held_by_tills

    return held_by_tills(gateway, gateway.settings.tills)


def _changed_outside(
    gateway: Gateway, inside: Collection[str]
) -> Iterator[tuple[str, Collection[Sold]]]:
    """What the ERP lacks of orders that changed since they were sent, and have left the file.

    ``inside`` are the ids of those in the file.
    """
    book, channel = gateway.ledger.orders, gateway.settings.needed_orders.channel
    found = [o for o in book.with_matter() if o.channel != channel or o.id not in inside]
    sent, since = book.sold(found), book.since(found)
    return ((o.id, held_for(o, sent[o.channel, o.id], since[o])) for o in found)


def _others_outside(
    gateway: Gateway, readings: Iterable[Reading]
) -> Iterator[tuple[str, Collection[Sold]]]:
    """What orders sold that have another's id, and have left the file."""
    channel = gateway.settings.needed_orders.channel
    inside = {(channel, reading.id): reading.date for reading in readings}
    for (key, date), sold in gateway.ledger.orders.others().items():
        met = inside.get(key)
        if met is None or not same_moment(met, date):
            yield key[1], sold


def _pending_sales(gateway: Gateway, erp: ErpFile) -> dict[SaleKey, KnownSale]:
    """The sales that the ERP's file may lack; those to be issued only while any are issued."""
    found = gateway.ledger.sales.unseen_by_erp(*erp.doubts)
    return {
        (sale.channel, sale.id, sale.order_date): sale
        for sale in found
        if counts_for_stock(sale, gateway.settings.fulfil)
    }


def _sales_to_come(
    gateway: Gateway,
    readings: Iterable[Reading],
    known: Mapping[str, KnownOrder],
    orders: Orders,
) -> dict[SaleKey, KnownSale]:
    """What the next run of orders will want: the status allows it since the last one."""
    fulfil = gateway.settings.fulfil
    if not fulfil.enabled:
        return {}
    wanted = [r for r in readings if will_be_wanted(r, known.get(r.id), fulfil, orders)]
    met = gateway.ledger.sales.of_orders(orders.channel, [reading.id for reading in wanted])
    return {
        (orders.channel, r.id, r.date): KnownSale(orders.channel, r.id, r.date, SaleState.WANTED)
        for r in wanted
        if r.date is not None and r.date not in [sale.order_date for sale in met.get(r.id, ())]
    }


def erp_file(gateway: Gateway, settings: Stock, source: Source) -> ErpFile:
    """What the fetched file can tell of the time at which it was written."""
    server, offsets = source.place.server, gateway.ledger.stock.clock_offsets()
    now, certainty = gateway.now(), settings.guards.max_age
    written = trusted_time(source.modified, now, offsets.get(server))
    clocks = gateway.ledger.stock.clock_history(hashlib.sha256(source.data).hexdigest())
    seen = gateway.ledger.runs.refusals_seen() if gateway.settings.needed_orders.refused else None
    return ErpFile(server, written, now, certainty, offsets, clocks, seen)


def _check_amount(
    gateway: Gateway, settings: Stock, fixed: FixedStock, source: Source, *, accept_drop: bool
) -> None:
    guards, name, book = settings.guards, source.place.name, gateway.ledger.stock
    check_lines(fixed.in_stock, guards, name, fixed.faults)
    if accept_drop:
        return
    published = book.latest(*SEEN)
    for number, before in enumerate(baselines(published, gateway.now())):
        if is_drop(fixed.in_stock, before.in_stock, guards):
            sales = book.sold_since(before, gateway.settings.selling_channels)
            explained = sold_out(read_levels(source.data, settings, name, sales), sales)
            check_drop(fixed.in_stock, before.in_stock, guards, name,
                       explained=explained, is_most=number > 0)  # fmt: skip
    if not published:
        check_drop(fixed.in_stock, before_the_ledger(gateway, settings), guards, name)


def publish(gateway: Gateway, settings: Stock, plan: StockPlan, *, accept_drop: bool) -> None:
    """Puts the file in place; the ledger knows of it before the shop does."""
    fixed, source = plan.fixed, plan.source
    leave_old_place(gateway, settings.to)
    gateway.outbox.levels.send_stock(
        settings.to,
        fixed.data,
        fixed.changes,
        source_sha256=hashlib.sha256(source.data).hexdigest(),
        source_modified=source.modified,
        lines=fixed.lines,
        in_stock=fixed.in_stock,
        accepted=accept_drop,
    )
    look_after_left(gateway, settings.to)


def note_fate(gateway: Gateway) -> None:
    """Notes whether the shop has taken the last publication, or left it when its time came."""
    last = gateway.ledger.dispatches.last(Kind.STOCK, stages=SEEN)
    if last is None or last.stage != Stage.SENT or last.left is not None:
        return
    if last.place.server not in gateway.settings.servers:
        return
    if is_gone(gateway.outbox.marks.at(last.place.server), last.place.path):
        gateway.ledger.dispatches.take(last, gateway.now())
    elif should_be_taken(gateway.settings, last.prepared, gateway.now()):
        gateway.ledger.dispatches.leave(last, gateway.now())
        gateway.warn(_("the shop has not taken {file}").format(file=last.place.name))
