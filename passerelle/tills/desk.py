"""A till, as one works at it: what its orders look like now, and what may be done to them.

Whatever is done is in the till's own book before it is confirmed, and on its way to the server
after that. An order is born held by its maker, so that it can be filled and paid without a
connection; once the server has it, the hold is released.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from hashlib import sha256
from secrets import token_hex
from typing import Any

from passerelle.base.errors import UnreachableError
from passerelle.base.exact_json import dump, parse
from passerelle.base.language import _
from passerelle.model.till_forms import shown
from passerelle.model.tills import Op, TillAnswer, TillCommand, TillOrder, TillState
from passerelle.rules.tills.commands import read_command, write_command
from passerelle.rules.tills.merge import SEEN, apply
from passerelle.rules.tills.numbers import receipt_of
from passerelle.rules.tills.replay import (
    UNNUMBERED,
    base_of,
    falls_with,
    hindrance,
    is_claiming,
    newer,
    screen,
    undone,
)
from passerelle.rules.tills.three_way import ops_between
from passerelle.tills.agent_book import AgentBook, Refused

# A holder that was not heard for so long may be without a connection.
_SILENT = timedelta(seconds=25)


class NotDoneError(Exception):
    """The till cannot do this now: why, in words, and which till stands against it."""

    def __init__(self, why: str, who: str | None = None) -> None:
        super().__init__(why)
        self.why, self.who = why, who


class Desk:
    """One till's orders. ``told`` hears of each order that looks otherwise now."""

    def __init__(self, book: AgentBook, now: Callable[[], datetime]) -> None:
        self.book, self.now = book, now
        self.is_connected = False
        self.heard: datetime | None = None
        # What the server says of the group: who was heard when, and the number of the session.
        self.others: Mapping[str, str | None] = {}
        self.session: Any = None
        # Why the server does not let this till speak just now.
        self.paused = ""
        self.told: Callable[[str], object] = lambda _id: None
        self.wakened: Callable[[], object] = lambda: None
        self.state_changed: Callable[[], object] = lambda: None

    @property
    def holds(self) -> str:
        """Why nothing may be done at this till until it is paired anew; ``""`` if all is well."""
        return self.paused or self.book.get("holds")

    # --- looking -------------------------------------------------------------------------------

    def order(self, id: str) -> TillOrder | None:
        """The order as the till shows it."""
        return screen(self.book.order(id), self.book.pending(id), self.book.till)

    def hindrance(self, id: str) -> str:
        if self.holds:
            return self.holds
        confirmed, pending = self.book.order(id), self.book.pending(id)
        return hindrance(confirmed, pending, self.book.till, is_connected=self.is_connected)

    def view(self, id: str) -> dict[str, Any] | None:
        """The order as JSON, with what a page or a program needs beside it."""
        if (order := self.order(id)) is None:
            return None
        told, pending = shown(order), self.book.pending(id)
        waiting = undone(self.book.order(id), pending, self.book.till)
        version = sha256(dump(told).encode()).hexdigest()[:16]
        return {
            **told,
            "version": version,
            "pending": len(waiting),
            "hindrance": self.hindrance(id),
            "since": self._silent_since(order.claim),
        }

    def handed(self, id: str) -> dict[str, Any] | None:
        """The same, and remembered: a program may come back with it."""
        view = self.view(id)
        # A full disk keeps nobody from looking; coming back with this one is refused then.
        with suppress(UnreachableError):
            if view is not None:
                with self.book.transaction:
                    self.book.hand_out(id, view["version"], dump(view))
        return view

    def _silent_since(self, till: str | None) -> str | None:
        heard = self.others.get(till) if till and till != self.book.till else None
        if heard is None or self.now() - datetime.fromisoformat(heard) < _SILENT:
            return None
        return heard

    def ids(self) -> list[str]:
        return self.book.ids()

    # --- doing ---------------------------------------------------------------------------------

    def do(self, id: str, ops: Sequence[Op]) -> None:
        """Confirms a change. Raises :class:`NotDoneError` where it cannot be."""
        self._queue(id, ops)

    def _queue(
        self, id: str, ops: Sequence[Op], seen: int | None = None, receipt: int | None = None
    ) -> None:
        """``seen``: the order's rev that the change was made from, if that is not the last one."""
        self._check(id, ops)
        command = self._command(id, ops, seen)
        verdict = apply(self.order(id), command, self.book.till, UNNUMBERED)
        if verdict.answer != TillAnswer.OK:
            raise NotDoneError(verdict.why, verdict.who)
        with self.book.transaction:
            self.book.queue(command)
            if receipt is not None:
                self.book.set(receipt=receipt)
            for op in ops:
                if op.kind in ("claim", "release"):
                    self.book.keep_hold(id, kept=op.kind == "claim")
        self._changed(id)

    def _check(self, id: str, ops: Sequence[Op]) -> None:
        if not (why := self.hindrance(id)):
            return
        order = self.order(id)
        holder = order.claim if order and order.claim != self.book.till else None
        is_break = all(op.kind == "break" for op in ops)
        if not (holder and is_break and self.is_connected and not self.holds):
            raise NotDoneError(why, holder)

    def _command(self, id: str, ops: Sequence[Op], seen: int | None) -> TillCommand:
        """With the same checks as the server's: what it would not read is not confirmed."""
        base = base_of(self.book.order(id), self.book.pending(id), ops)
        # Born held, without being asked.
        is_new = any(op.kind == "create" for op in ops) and ops[-1].kind != "claim"
        all_ops = (*ops, Op("claim", {})) if is_new else tuple(ops)
        least = base if seen is None else min(base, seen)
        made = TillCommand(token_hex(16), self.book.n + 1, id, least, all_ops)
        return read_command(write_command(made))

    def put(self, id: str, wanted: Mapping[str, Any]) -> None:
        """A program's whole order: what it changed since it was handed out.

        Raises :class:`NotDoneError`, and :class:`ValueError` for what is no order.
        """
        version = str(wanted.get("version") or 0)
        if self.order(id) is None:
            if version != "0":
                raise NotDoneError(_("there is no such order"))
            self.do(id, ops_between(None, wanted))
            return
        if (doc := self.book.handed(id, version)) is None:
            raise ValueError(_("version: name the one that was handed out with the order"))
        known = parse(doc)
        if ops := ops_between(known, wanted):
            # Of what was pending then, the server had told nothing yet.
            self._queue(id, ops, int(str(known["rev"])) - int(str(known["pending"])))

    def claim(self, id: str) -> None:
        """Asks for the hold; it is granted once the order says so."""
        order = self.order(id)
        if order is None:
            raise NotDoneError(_("there is no such order"))
        if order.claim != self.book.till:
            self.do(id, [Op("claim", {})])
        else:
            with self.book.transaction:
                self.book.keep_hold(id, kept=True)

    def is_granted(self, id: str) -> bool | None:
        """Whether the till holds the order; ``None`` while the server is being asked."""
        confirmed, pending = self.book.order(id), self.book.pending(id)
        if is_claiming(confirmed, pending, self.book.till):
            return None
        order = self.order(id)
        return order is not None and order.claim == self.book.till

    def release(self, id: str) -> None:
        self.do(id, [Op("release", {})])

    def pay(self, id: str, payments: Sequence[Any]) -> str:
        """Takes the money of an order that this till holds; the receipt's number."""
        order = self.order(id)
        if order is None:
            raise NotDoneError(_("there is no such order"))
        if not self.hindrance(id) and order.claim != self.book.till:
            raise NotDoneError(_("hold the order first: another till may be taking its money"))
        seen = {line: {name: words[name] for name in SEEN if name in words}
                for line, words in order.lines.items()}  # fmt: skip
        number = self.book.receipt + 1
        receipt = receipt_of(self.book.till, number)
        words = {"receipt": receipt, "payments": list(payments), "seen": seen}
        self._queue(id, [Op("pay", words)], receipt=number)
        return receipt

    # --- what the server says ------------------------------------------------------------------

    def hear(self, orders: Sequence[TillOrder], cursor: str = "") -> None:
        """Events: whole orders, of which the newer counts; they may come late, or twice."""
        changed = []
        with self.book.transaction:
            for order in orders:
                known = self.book.order(order.id)
                if newer(known, order) is order:
                    self.book.put(order)
                    changed.append(order.id)
            if cursor:
                self.book.set(cursor=cursor)
        for id in changed:
            self._changed(id)
        self.release_born()

    def hear_all(self, orders: Sequence[TillOrder], cursor: str) -> None:
        """A snapshot: all there is. Of another book's order the rev tells nothing."""
        with self.book.transaction:
            self.book.forget_orders()
        self.hear(orders, cursor)

    def hear_answer(self, command: TillCommand, status: int, answer: Mapping[str, Any]) -> None:
        """What became of a command. A refusal stands on the screen until somebody saw it."""
        with self.book.transaction:
            self.book.answered(command.n)
            if status != 200 or answer.get("result") == TillAnswer.SURPLUS:
                why = answer.get("why") or answer.get("error") or ""
                self.book.refuse(command, str(why), answer.get("who"), self.now())
            if status != 200:
                self._let_fall(command)
        self._changed(command.order)
        self.release_born()

    def _let_fall(self, refused: TillCommand) -> None:
        """What builds on a refused command is refused here: the server would do it by halves."""
        confirmed, pending = self.book.order(refused.order), self.book.pending(refused.order)
        for command in falls_with(confirmed, refused, pending):
            self.book.answered(command.n)
            why = _("what it builds on was refused")
            self.book.refuse(command, why, None, self.now())

    def release_born(self) -> None:
        """Orders that were born held, and that the server has whole now, are everybody's.

        Where a group's tills share none, each keeps its own.
        """
        if self.holds or not self.is_connected or self.book.get("alone"):
            return
        kept, till = self.book.holds_kept(), self.book.till
        for id in self.book.held_by(till):
            order = self.book.order(id)
            is_free = id not in kept and not self.book.pending(id)
            if order and is_free and order.state == TillState.DRAFT:
                self.do(id, [Op("release", {})])

    def tell_refused(self, id: str) -> Refused | None:
        with self.book.transaction:
            return self.book.tell_refused(id)

    def see_refused(self, key: str) -> None:
        with self.book.transaction:
            self.book.see_refused(key)

    def hold_all(self, why: str) -> None:
        """Something is wrong that only a person can see to."""
        if why != self.holds:
            with self.book.transaction:
                self.book.set(holds=why)
            self.wakened()

    def _changed(self, id: str) -> None:
        self.told(id)
        self.wakened()
