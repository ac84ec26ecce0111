"""What a person says of the servers: this one is right; this ledger takes over from another."""

from collections.abc import Iterator
from contextlib import suppress

from msgspec.structs import replace

from passerelle.base.errors import AccessDeniedError, UsageError
from passerelle.base.language import _, n_
from passerelle.base.wording import FEW, few, minute
from passerelle.config.model import Settings
from passerelle.config.servers import address_of
from passerelle.exchange.marks import Marks
from passerelle.exchange.sending import mend_of_doubt
from passerelle.gateway.frame import Gateway, Outcome
from passerelle.model.orders import Gist
from passerelle.model.records import HighWater
from passerelle.model.servers import KnownServer, ServerMark
from passerelle.model.states import Kind, Stage
from passerelle.rules.adopting import TakeOver, named, plan_take_over
from passerelle.rules.marks import Side, rivals
from passerelle.runs.lying import adopt_lying
from passerelle.runs.order_file import read_order_file


def check_server_name(settings: Settings, name: str) -> None:
    """Raises :class:`UsageError` for a server that config.toml lacks."""
    if name not in settings.servers:
        known = ", ".join(settings.servers)
        what = _('no server is named "{name}" (servers: {known})').format(name=name, known=known)
        raise UsageError(what, settings.file_name, _("see [servers]"))


def accept_server(gateway: Gateway, name: str, *, restored: bool = False) -> Outcome:
    """A person has looked: the server at this address is the one to work with from now on.

    Of what was promised to the one before, nobody but the ERP knows whether it arrived. Where
    another program sends there, too, it may have sent what was only prepared. ``restored``: this
    ledger is an older copy, and no mark tells what was sent since. Raises what servers raise, of
    one that cannot be looked at.
    """
    check_server_name(gateway.settings, name)
    server = gateway.settings.servers[name]
    with suppress(AccessDeniedError):  # it must be there, and let us in; not let us list all
        gateway.remote(name).list_files("")
    before = gateway.ledger.servers.known(name)
    may_be_sent = restored or (before is not None and before.stranger != "")
    stages = [Stage.STAGED, Stage.SENT, *([Stage.PREPARED] if may_be_sent else [])]
    if restored and gateway.settings.orders:
        _hold_back_what_is_in_the_file(gateway)
    open_now = gateway.ledger.dispatches.doubt_open(name, gateway.now(), *stages)
    seq, marks = (before.seq, before.marks) if before else (0, ())
    gateway.ledger.servers.remember(KnownServer(name, address_of(server.url), seq, marks=marks))
    for dispatch in open_now:
        mend = mend_of_doubt(gateway.ledger, dispatch)
        gateway.say(_("! {file} is in doubt: {mend}").format(file=dispatch.archived, mend=mend))
    text = _("{server} is accepted as it is")
    gateway.say(text.format(server=name))
    return Outcome(text.format(server=name))


def _hold_back_what_is_in_the_file(gateway: Gateway) -> None:
    """What was ordered until now, and is not known as sent, goes only once a person says so."""
    settings, now = gateway.settings.needed_orders, gateway.now()
    file, _known = read_order_file(gateway, gateway.sources.fetch(settings.source))
    numbers = [reading.id for reading in file.readings if reading.id.isdecimal()]
    newest = HighWater(now, max(numbers, key=int, default=""))
    gateway.ledger.orders.adopt(settings.channel, (), newest, now)


def take_over(gateway: Gateway) -> Outcome:
    """This ledger goes on from where the marks on the servers say that others came.

    What their owner had sent is handled, as the marks name it. Newer orders stay new; of older ones
    nobody knows, so that they are held and told. The other ledger is held from now on.
    """
    gateway.outbox.marks.follow_names()
    found = {name: _marks_to_follow(gateway, name) for name in _servers(gateway)}
    marks = [mark for some in found.values() for mark in some]
    if not marks:
        what = _("no mark is ahead of this ledger, and none is in its way")
        raise UsageError(what, "", _("`passerelle orders adopt` asks for no mark"))
    plan, inside = _plan_take_over(gateway, marks)
    written = adopt_lying(gateway, inside, (*plan.adopted, *plan.held))
    if plan.newest:
        channel = gateway.settings.needed_orders.channel
        gateway.ledger.orders.adopt(channel, written, plan.newest, gateway.now())
    for name, some in found.items():
        _follow(gateway, name, some)
    gateway.outbox.witness.forget()
    told = list(_describe(plan))
    for line in told:
        gateway.say(line)
    return Outcome(told[0])


def _plan_take_over(gateway: Gateway, marks: list[ServerMark]) -> tuple[TakeOver, list[Gist]]:
    """XMLs that were never uploaded are taken back first: their orders are looked at, too."""
    settings, ledger = gateway.settings.needed_orders, gateway.ledger
    for dispatch in ledger.dispatches.unfinished():
        if dispatch.kind == Kind.ORDERS and dispatch.stage == Stage.PREPARED:
            why = _("{file} was never uploaded: its orders are looked at anew")
            gateway.outbox.recall(dispatch, why.format(file=dispatch.archived))
    source = gateway.sources.fetch(settings.source)
    file, _known = read_order_file(gateway, source)
    ids = {reading.id for reading in file.readings} | {o.id for m in marks for o in named(m)}
    known = ledger.orders.known(settings.channel, ids)
    before, token = ledger.orders.high_water(settings.channel), ledger.servers.token
    plan = plan_take_over(file.readings, known, settings, marks, before, token=token)
    return plan, [reading.gist() for reading in file.readings]


def _describe(plan: TakeOver) -> Iterator[str]:
    ids = [mark.reading.id for mark in plan.adopted]
    text, told = n_("{n} order adopted", "{n} orders adopted", len(ids)), few(ids, FEW)
    if plan.newest and plan.newest.date and ids:
        up_to, date = _("up to order {id} of {date}: {ids}"), minute(plan.newest.date)
        told = up_to.format(id=plan.newest.id, date=date, ids=told)
    yield ", ".join(filter(None, (text, told)))
    if plan.held:
        text = _(
            "! held back, as nobody knows whether they were sent: {ids}: `passerelle status` says "
            "what to do"
        )
        yield text.format(ids=few([mark.reading.id for mark in plan.held], FEW))


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
    marks = gateway.outbox.marks
    own = marks.read(name)
    found = [own] if own and marks.side(name, own) == Side.AHEAD else []
    return found + rivals(marks.names(name), marks.of_others(name))


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
