"""``run orders``: the shop's order CSV becomes one sales XML in the ERP's import folder.

The story: finish what an earlier run left; fetch the CSV; decide on every order; tell the plan;
write down what is not sent and why; publish the XML.
"""

from dataclasses import replace
from pathlib import Path

from passerelle.config import Location, Orders, Settings
from passerelle.csv_to_xml import (
    Forms,
    OrderFile,
    compile_forms,
    named_schemas,
    read_orders,
    write_sales,
)
from passerelle.dispatch import Parcel, free_place
from passerelle.errors import ConfigError
from passerelle.gateway import Gateway, Outcome
from passerelle.language import _
from passerelle.ledger import State
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


def run_orders(gateway: Gateway) -> Outcome:
    """Runs the story. Raises :class:`~passerelle.errors.PasserelleError` where it must stop."""
    gateway.recover()
    plan = plan_orders(gateway)
    for line in describe(plan):
        gateway.say(line)
    if not gateway.dry_run:
        carry_out(gateway, plan)
    return Outcome(*summarise(plan), facts(plan))


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


def plan_orders(gateway: Gateway) -> OrdersPlan:
    """Reads the order CSV and decides on every order in it; changes nothing."""
    settings = orders_settings(gateway.settings)
    forms = load_forms(settings)
    source = gateway.sources.fetch_to_read_by_slices(settings.source)
    with step(_("reading {file}").format(file=source.place.name)):
        gift_cards = gift_card_ids(gateway.settings)
        file = read_orders(source.content, settings, source.place.name, gift_cards)
        met = gateway.ledger.orders.beside(settings.channel, file.readings)
        plan = decide(file, met, settings, source.describe())
    due = gateway.ledger.orders.due(settings.channel)
    plan = replace(
        plan,
        notes=(*(f"! {note}" for note in source.notes), *plan.notes),
        missing=tuple(plan.decided.lacks(due)),
        file=source.fact(gateway.now()),
    )
    return _with_parcel(gateway, plan, file, forms)


def _with_parcel(gateway: Gateway, plan: OrdersPlan, file: OrderFile, forms: Forms) -> OrdersPlan:
    """The plan with its XML, or with the reason why the orders to be sent wait."""
    settings = orders_settings(gateway.settings)
    to_send = plan.in_state(State.PREPARED)
    if not len(to_send):
        return plan
    place = free_place(settings.to, gateway.now(), lambda p: _is_taken(gateway, p))
    if "{time}" not in settings.to.name and _is_taken(gateway, place, ever=False):
        return block(plan, place)
    with step(_("writing {file}").format(file=place.name)):
        orders = file.readings.orders(to_send.numbers())
        sales = write_sales(orders, settings, gateway.now(), forms)
    reject(plan, sales.rejected)
    return replace(plan, parcel=Parcel(sales.blocks, to_send, place) if len(to_send) else None)


def _is_taken(gateway: Gateway, place: Location, *, ever: bool = True) -> bool:
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
