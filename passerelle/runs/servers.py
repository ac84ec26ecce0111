"""What a person says of the servers: this one is right; this ledger takes over from another."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

from passerelle.base.commands import of_xml
from passerelle.base.errors import UsageError
from passerelle.base.language import _, n_
from passerelle.base.wording import FEW, few, minute
from passerelle.config.servers import address_of
from passerelle.csv_to_xml.order_csv import read_orders
from passerelle.exchange.marks import Marks
from passerelle.gateway.frame import Gateway, Outcome
from passerelle.model.orders import Reading
from passerelle.model.records import HighWater, Mark
from passerelle.model.servers import KnownServer, ServerMark
from passerelle.model.states import DONE, Kind, Stage, State
from passerelle.rules.fate import Fate, is_older, judge
from passerelle.rules.marks import rivals

# Older than any order.
_NEVER = datetime(1970, 1, 2, tzinfo=UTC)


def accept_server(gateway: Gateway, name: str) -> Outcome:
    """A person has looked: the server at this address is the one to work with from now on.

    Of what was promised to the one before, nobody but the ERP knows whether it arrived. Where
    another program sends there, too, it may have sent what was only prepared.
    """
    if name not in gateway.settings.servers:
        known = ", ".join(gateway.settings.servers)
        what = _('no server is named "{name}" (servers: {known})').format(name=name, known=known)
        raise UsageError(what, "config.toml", _("see [servers]"))
    server = gateway.settings.servers[name]
    before = gateway.ledger.servers.known(name)
    stages = [Stage.STAGED, Stage.SENT, *([Stage.PREPARED] if before and before.stranger else [])]
    open_now = gateway.ledger.dispatches.doubt_open(name, gateway.now(), *stages)
    seq = before.seq if before else 0
    gateway.ledger.servers.remember(KnownServer(name, address_of(server.url), seq))
    for dispatch in open_now:
        ids = gateway.ledger.dispatches.orders_of(dispatch)
        settle, resend = (of_xml(verb, dispatch.archived, ids) for verb in ("settle", "resend"))
        text = _(
            "! {file} is in doubt: look for its orders in the ERP, then `{settle}` if they are "
            "there, or `{resend}` if they are not"
        )
        gateway.say(text.format(file=dispatch.archived, settle=settle, resend=resend))
    text = _("{server} is accepted as it is")
    gateway.say(text.format(server=name))
    return Outcome(text.format(server=name))


def take_over(gateway: Gateway) -> Outcome:
    """This ledger goes on from where the marks on the servers say that others came.

    What their owner had sent is handled: the orders of the file that would be sent, up to the
    newest one in the marks. Newer ones stay new. The other ledger is held from now on.
    """
    gateway.outbox.marks.follow_names()
    found = {name: _marks_to_follow(gateway, name) for name in _servers(gateway)}
    marks = [mark for some in found.values() for mark in some]
    if not marks:
        what = _("no mark is ahead of this ledger, and none is in its way")
        raise UsageError(what, "", _("`passerelle orders adopt` asks for no mark"))
    newest = max(_newest(mark) for mark in marks)
    adopted = _adopt_until(gateway, *newest) if newest[1] else []
    for name, some in found.items():
        _follow(gateway, name, some)
    gateway.outbox.witness.forget()
    text = n_("{n} order adopted", "{n} orders adopted", len(adopted))
    if adopted:
        ids = few(adopted, FEW)
        told = _("up to order {id} of {date}: {ids}")
        date = minute(newest[0])
        text = ", ".join((text, told.format(id=newest[1], date=date, ids=ids)))
    gateway.say(text)
    return Outcome(text)


def forget_predecessor(gateway: Gateway) -> None:
    """What a lost ledger had known was seen to: its marks and its witness go, these last."""
    witness = gateway.outbox.witness
    if lost := witness.other_ledger(gateway.ledger):
        for name in _servers(gateway):
            gateway.outbox.marks.remove(name, lost)
    witness.forget()


def _servers(gateway: Gateway) -> Iterator[str]:
    yield from dict.fromkeys(place.server for place in gateway.settings.written_places())


def _marks_to_follow(gateway: Gateway, name: str) -> list[ServerMark]:
    marks, known = gateway.outbox.marks, gateway.ledger.servers.known(name)
    own = marks.read(name)
    found = [own] if own and own.seq > (known.seq if known else 0) else []
    return found + rivals(marks.names(name), marks.of_others(name))


def _newest(mark: ServerMark) -> tuple[datetime, str]:
    try:
        date = datetime.fromisoformat(str(mark.newest["date"]))
        return date.astimezone(), str(mark.newest["id"])
    except (KeyError, ValueError):
        return _NEVER, ""


def _adopt_until(gateway: Gateway, date: datetime, id: str) -> list[str]:
    settings, ledger = gateway.settings.needed_orders, gateway.ledger
    for dispatch in ledger.dispatches.unfinished():
        if dispatch.kind == Kind.ORDERS and dispatch.stage == Stage.PREPARED:
            why = _("{file} was never uploaded: its orders are looked at anew")
            gateway.outbox.recall(dispatch, why.format(file=dispatch.archived))
    source = gateway.sources.fetch(settings.source)
    file = read_orders(source.data, settings, source.place.name, gateway.settings.gift_card_ids)
    known = ledger.orders.known(settings.channel, [r.id for r in file.readings])

    def was_sent(reading: Reading) -> bool:
        before = known.get(reading.id)
        if (before and before.state in DONE) or reading.date is None:
            return False
        return judge(reading, settings).fate == Fate.SEND and _is_up_to(reading, date, id)

    mine = [reading for reading in file.readings if was_sent(reading)]
    reason = _("adopted: sent before, as the mark on the server says")
    marks = [Mark(reading.gist(), State.SKIPPED, reason) for reading in mine]
    newest, before = HighWater(date, id), ledger.orders.high_water(settings.channel)
    if before and not is_older(before.date, before.id, newest):
        newest = before
    ledger.orders.adopt(settings.channel, marks, newest, gateway.now())
    return [reading.id for reading in mine]


def _is_up_to(reading: Reading, date: datetime, id: str) -> bool:
    """Ids grow: of two orders of one second, the one with the larger number is the newer."""
    if reading.date is None or reading.date != date:
        return reading.date is not None and reading.date < date
    return (len(reading.id), reading.id) <= (len(id), id)


def _follow(gateway: Gateway, name: str, found: list[ServerMark]) -> None:
    """From now on our mark is the newest, and no other is in its way."""
    marks: Marks = gateway.outbox.marks
    address = address_of(gateway.settings.servers[name].url)
    known = gateway.ledger.servers.known(name) or KnownServer(name, address, 0)
    for mark in found:
        if mark.ledger != marks.token:
            marks.remove(name, mark.ledger)
    seq = max([known.seq, *(mark.seq for mark in found)])
    own = any(mark.ledger == marks.token for mark in found)
    gateway.ledger.servers.remember(replace(known, seq=seq, marked=own or known.marked, written=0))
