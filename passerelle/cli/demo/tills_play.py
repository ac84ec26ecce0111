"""``passerelle demo --tills``: a day with three tills, in one terminal and without a network.

The server's book and the tills' own are the real ones, and so are the rules between them; only the
cables are played.
"""

from contextlib import ExitStack, closing
from datetime import datetime
from pathlib import Path

from passerelle.base.clocks import clock
from passerelle.base.exact_json import parse
from passerelle.base.language import _
from passerelle.base.wording import few
from passerelle.cli.demo import Tell, at, prepare
from passerelle.config.tills import Tills
from passerelle.ledger.till_book import TillBook, TillEvent
from passerelle.model.till_forms import read_order
from passerelle.model.tills import Op, Till
from passerelle.rules.tills.merge import total_of
from passerelle.tills.agent_book import AgentBook
from passerelle.tills.desk import Desk, NotDoneError
from passerelle.tills.sequencer import Sequencer
from passerelle.tills.steering import break_hold, close_session

_CONFIG = '[tills]\nlisten = "127.0.0.1:8469"\n\n[tills.groups.store]\nsync = true\n'
_GROUP, _NAMES = "store", ("A", "B", "C")
_CASH = "cash"


def play_tills(folder: Path, tell: Tell) -> None:
    """Plays the day in ``folder``, whose config and books stay there to look at.

    Raises :class:`UsageError` for a folder that holds something else.
    """
    folder = folder.absolute()
    prepare(folder)
    (folder / "config.toml").write_text(_CONFIG, encoding="utf-8")
    with ExitStack() as stack:
        book = stack.enter_context(closing(TillBook(folder)))
        shop = _Shop(book, folder, stack)
        for scene in (_morning, _no_network, _money, _evening):
            scene(shop, tell)
    text = _("Look around in {folder}: passerelle --config config.toml till status, till log")
    tell(text.format(folder=folder))


class _Shop:
    """The server, three tills, and the cables between them."""

    def __init__(self, book: TillBook, folder: Path, stack: ExitStack) -> None:
        self.book, self.sequencer = book, Sequencer(book, Tills())
        self.desks: dict[str, Desk] = {}
        for name in _NAMES:
            with book.transaction:
                book.add_till(name, _GROUP, name, self.now(), is_program=True)
            own = stack.enter_context(closing(AgentBook(folder / f"till-{name}.db")))
            with own.transaction:
                own.set(till=name, group=_GROUP)
            self.desks[name] = Desk(own, self.now)
            self.desks[name].is_connected = True

    def now(self) -> datetime:
        return clock()

    def till(self, name: str) -> Till:
        return next(till for till in self.book.tills() if till.name == name)

    def carry(self) -> None:
        """What the connected tills have in their outboxes reaches the server, and all of them."""
        while [name for name, desk in self.desks.items() if desk.is_connected and self._send(name)]:
            """Until nothing is left: an answer may release a hold."""

    def _send(self, name: str) -> bool:
        desk = self.desks[name]
        if (waiting := desk.book.next_unsent()) is None:
            return False
        command, body = waiting
        with self.book.transaction:
            done = self.sequencer.carry_out(self.till(name), body, self.now())
        if done.event:
            self.spread(done.event)
        desk.hear_answer(command, done.reply.status, parse(done.reply.body))
        return True

    def spread(self, event: TillEvent) -> None:
        for desk in self.desks.values():
            if desk.is_connected:
                desk.hear([read_order(event.doc)])

    def connect(self, name: str) -> None:
        self.desks[name].is_connected = True
        self.desks[name].hear([read_order(e.doc) for e in self.book.events_after(0)])
        self.carry()

    def scan(self, name: str, id: str, line: str, item: str, price: str) -> None:
        ops = [Op("line", {"id": line, "set": {"name": item, "price": price}, "add": {"qty": "1"}})]
        if self.desks[name].order(id) is None:
            ops.insert(0, Op("create", {}))
        self.desks[name].do(id, ops)

    def pay(self, name: str, id: str) -> str:
        order = self.desks[name].order(id)
        amount = str(total_of(order)) if order else "0"
        return self.desks[name].pay(id, [{"method": _CASH, "amount": amount}])

    def lines(self, name: str, id: str) -> str:
        """An order as a till shows it."""
        order = self.desks[name].order(id)
        if order is None:
            return _("no such order")
        words = [f"{line['qty']} × {line['name']}" for line in order.lines.values()]
        number = order.no or "–"
        return _("till {till} shows order {no}: {lines}").format(
            till=name, no=number, lines=few(words)
        )


def _morning(shop: _Shop, tell: Tell) -> None:
    at("09:00", _("Till A scans a shoe. B and C see it at once:"), tell)
    shop.scan("A", "o1", "l1", _("shoe"), "59.90")
    shop.carry()
    tell(shop.lines("C", "o1"))
    at("09:05", _("A and B add to that order in the same moment. Both lines are there:"), tell)
    shop.scan("A", "o1", "l2", _("laces"), "4.50")
    shop.scan("B", "o1", "l3", _("polish"), "7.90")
    shop.carry()
    tell(shop.lines("C", "o1"))
    at("09:10", _("Both write a note on it. The second is told, not overwritten:"), tell)
    for name, note in (("A", _("gift")), ("B", _("size 41 on Tuesday"))):
        shop.desks[name].do("o1", [Op("set", {"fields": {"note": note}})])
    shop.carry()
    for refused in shop.desks["B"].book.refused():
        tell(_("till B: not done: {why}").format(why=refused.why))


def _no_network(shop: _Shop, tell: Tell) -> None:
    shop.desks["C"].is_connected = False
    at(
        "10:00",
        _("C's cable is out. It sells all the same, with its own receipts:"),
        tell,
    )
    shop.scan("C", "o2", "l1", _("belt"), "25.00")
    tell(_("till C: receipt {receipt}").format(receipt=shop.pay("C", "o2")))
    _try(shop, tell, "C", "o1")
    shop.scan("B", "o3", "l1", _("socks"), "6.00")
    shop.carry()
    at("10:20", _("The cable is in again. What C sold is everywhere, once:"), tell)
    shop.connect("C")
    for id in ("o1", "o2", "o3"):
        tell(shop.lines("A", id))


def _try(shop: _Shop, tell: Tell, name: str, id: str) -> None:
    try:
        shop.scan(name, id, "l9", _("hat"), "19.00")
    except NotDoneError as error:
        tell(_("till {till}: not done: {why}").format(till=name, why=error.why))


def _money(shop: _Shop, tell: Tell) -> None:
    at("11:00", _("A takes the money of order 1; meanwhile it is A's alone:"), tell)
    shop.desks["A"].claim("o1")
    shop.carry()
    _try(shop, tell, "B", "o1")
    tell(_("till A: receipt {receipt}").format(receipt=shop.pay("A", "o1")))
    shop.carry()
    at(
        "11:30",
        _("B holds order 2 and is away. Its hold is broken, but B had the money:"),
        tell,
    )
    shop.desks["B"].claim("o3")
    shop.carry()
    shop.desks["B"].is_connected = False
    break_hold(shop.book, _GROUP, "o3", _("the manager"), shop.now())
    shop.pay("B", "o3")
    shop.connect("B")
    for money in shop.book.surplus():
        text = _("kept for a person: receipt {receipt} of till {till}: {why}")
        tell(text.format(receipt=money.receipt, till=money.till, why=money.why))


def _evening(shop: _Shop, tell: Tell) -> None:
    at("19:00", _("The session is closed, once no order is open:"), tell)
    for order in shop.book.drafts(_GROUP):
        text = _("order {no} is still a draft: C cancels it")
        tell(text.format(no=order.no))
        shop.connect("C")
        shop.desks["C"].do(order.id, [Op("cancel", {})])
    shop.carry()
    session, _drafts = close_session(shop.book, _GROUP, shop.now(), carry=False, without=())
    text = _("session {number}: orders 1 to {last}, no number missing, none twice")
    tell(text.format(number=session.number, last=session.orders))
