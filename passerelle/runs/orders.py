"""``run orders``: the shop's order CSV becomes one sales XML in the ERP's import folder.

The story: finish what an earlier run left; fetch the CSV; decide on every order; tell the plan;
write down what is not sent and why; publish the XML. Then, where that is enabled, the sales
(:mod:`passerelle.runs.fulfil`).
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from passerelle.config import Location, Orders, Settings
from passerelle.csv_to_xml import (
    Forms,
    OrderFile,
    Readings,
    compile_forms,
    compile_sale_forms,
    named_schemas,
    read_orders,
    write_sales,
)
from passerelle.dispatch import Parcel, free_place
from passerelle.errors import ConfigError, gravest
from passerelle.gateway import Gateway, Outcome
from passerelle.language import _
from passerelle.ledger import KnownOrder, State
from passerelle.progress import step
from passerelle.remotes import find
from passerelle.runs.orders_plan import (
    OrdersPlan,
    block,
    decide,
    facts,
    reject,
)
from passerelle.runs.orders_words import describe, summarise
from passerelle.sales import Reading

if TYPE_CHECKING:
    from passerelle.runs.fulfil import Fulfilment

Met = Iterable[tuple[Reading, KnownOrder | None]]
# Sees each order of the file pass, beside what the ledger knows of it.
Watch = Callable[[Readings, Met], Met]


def run_orders(gateway: Gateway) -> Outcome:
    """Runs the story. Raises :class:`~passerelle.errors.PasserelleError` where it must stop."""
    gateway.recover()
    fulfilment = _fulfilment(gateway)
    plan = plan_orders(gateway, fulfilment.watch if fulfilment else _unwatched)
    for line in describe(plan):
        gateway.say(line)
    if not gateway.dry_run:
        carry_out(gateway, plan)
    outcome = Outcome(*summarise(plan), facts(plan))
    if fulfilment:
        outcome = fulfilment.go_on(plan, outcome)
    return replace(outcome, rejected=gravest(outcome.rejected, *gateway.dispatcher.troubles))


def orders_settings(settings: Settings) -> Orders:
    """The ``[orders]`` section. Raises :class:`ConfigError` where there is none."""
    if settings.orders is None:
        raise ConfigError(
            _("[orders] is missing"), "config.toml", _("add it; `passerelle init` shows how")
        )
    return settings.orders


def gift_card_ids(settings: Settings) -> tuple[str, ...]:
    """The product ids of the gift cards, as far as the config names them."""
    return settings.stock.gift_cards.ids if settings.stock else ()


def load_forms(settings: Orders) -> Forms:
    """The compiled stylesheet and schema. Raises :class:`ConfigError` where one is unusable."""
    xml = settings.xml
    if xml.schema_file:
        _check_named_schemas(xml.schema_file, set())
    return compile_forms(
        _read_form(xml.stylesheet, "orders.xml.stylesheet"),
        _read_form(xml.schema_file, "orders.xml.schema"),
        schema_url=str(xml.schema_file) if xml.schema_file else None,
    )


def load_sale_forms(settings: Settings) -> Forms:
    """The compiled stylesheet of sales. Raises :class:`ConfigError` where it is unusable."""
    key = "fulfil.xml.stylesheet"
    return compile_sale_forms(_read_form(settings.fulfil.xml.stylesheet, key))


def _check_named_schemas(path: Path, seen: set[Path]) -> None:
    """Looks at a schema and at all that it names, before the compiler opens them."""
    seen.add(path)
    data = _read_form(path, "orders.xml.schema") or b""
    for name in named_schemas(data, f"orders.xml.schema ({path.name})"):
        if path.parent / name not in seen:
            _check_named_schemas(path.parent / name, seen)


def _read_form(path: Path | None, key: str) -> bytes | None:
    try:
        return path.read_bytes() if path else None
    except OSError as error:
        what = _("the file cannot be read ({reason})").format(reason=error.strerror)
        raise ConfigError(what, f"{key} ({path})", _("mend the path")) from error


def plan_orders(gateway: Gateway, watch: Watch) -> OrdersPlan:
    """Reads the order CSV and decides on every order in it; changes nothing."""
    settings = orders_settings(gateway.settings)
    forms = load_forms(settings)
    source = gateway.sources.fetch_to_read_by_slices(settings.source)
    with step(_("reading {file}").format(file=source.place.name)):
        gift_cards = gift_card_ids(gateway.settings)
        file = read_orders(source.content, settings, source.place.name, gift_cards)
        met = gateway.ledger.orders.beside(settings.channel, file.readings)
        plan = decide(file, watch(file.readings, met), settings, source.describe())
    due = gateway.ledger.orders.due(settings.channel)
    plan = replace(
        plan,
        notes=(*(f"! {note}" for note in source.notes), *plan.notes),
        missing=tuple(plan.decided.lacks(due)),
        file=source.fact(gateway.now()),
    )
    return _with_parcel(gateway, plan, file, forms)


def _unwatched(readings: Readings, met: Met) -> Met:
    return met


def _fulfilment(gateway: Gateway) -> "Fulfilment | None":
    if not gateway.settings.fulfil.enabled:
        return None
    from passerelle.runs.fulfil import Fulfilment

    return Fulfilment(gateway)


def _with_parcel(gateway: Gateway, plan: OrdersPlan, file: OrderFile, forms: Forms) -> OrdersPlan:
    """The plan with its XML, or with the reason why the orders to be sent wait."""
    settings = orders_settings(gateway.settings)
    to_send = plan.in_state(State.PREPARED)
    if not len(to_send):
        return plan
    place = free_place(settings.to, gateway.now(), lambda p: is_taken(gateway, p))
    if "{time}" not in settings.to.name and is_taken(gateway, place, ever=False):
        return block(plan, place)
    with step(_("writing {file}").format(file=place.name)):
        orders = file.readings.orders(to_send.numbers())
        sales = write_sales(orders, settings, gateway.now(), forms)
    reject(plan, sales.rejected)
    return replace(plan, parcel=Parcel(sales.blocks, to_send, place) if len(to_send) else None)


def is_taken(gateway: Gateway, place: Location, *, ever: bool = True) -> bool:
    """Whether a file of that name is on the server, on its way there, or (``ever``) was sent."""
    if ever and gateway.ledger.dispatches.is_used(place):
        return True
    if any(d.place == place for d in gateway.ledger.dispatches.unfinished()):
        return True
    return find(gateway.remote(place.server), place.path) is not None


def carry_out(gateway: Gateway, plan: OrdersPlan) -> None:
    """Does what the plan says."""
    channel, now = orders_settings(gateway.settings).channel, gateway.now()
    with step(_("writing the ledger")):
        gateway.ledger.orders.mark(channel, plan.decided.unsent, now)
    for changed in plan.decided.changed():
        gateway.ledger.orders.note_change(
            channel, changed.reading, now, changed.note, cancelled=changed.cancelled
        )
    if plan.parcel:
        gateway.dispatcher.publish(channel, plan.parcel)
