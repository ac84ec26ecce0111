"""One command after another: what it does to an order, and the answer that its till gets.

Whatever is answered was written down first, the answer itself too: a till that asks again, since a
reply was lost, gets the same one and changes nothing.
"""

from datetime import datetime
from hashlib import sha256
from typing import NamedTuple

from passerelle.base.exact_json import dump
from passerelle.base.language import _
from passerelle.config.tills import Tills
from passerelle.ledger.till_book import TillBook, TillEvent
from passerelle.ledger.till_journal import Kept
from passerelle.model.till_forms import shown
from passerelle.model.tills import Op, Till, TillAnswer, TillCommand, TillOrder, TillVerdict
from passerelle.rules.tills.commands import read_command
from passerelle.rules.tills.merge import Birth, apply, payment_of
from passerelle.rules.tills.numbers import number_of


class Reply(NamedTuple):
    """An answer: its status of HTTP, and its JSON."""

    status: int
    body: bytes


class Done(NamedTuple):
    """What became of a command: the answer to its till, and what the others are told."""

    reply: Reply
    event: TillEvent | None = None


class Sequencer:
    """Carries out commands on a book, each within a transaction of its caller's."""

    def __init__(self, book: TillBook, settings: Tills) -> None:
        self._book, self._settings = book, settings

    def carry_out(self, till: Till, body: bytes, now: datetime) -> Done:
        try:
            command = read_command(body)
        except ValueError as error:
            return Done(refusal(422, str(error)))
        digest = sha256(body).digest()
        if kept := self._book.kept(till.name, command.key):
            if kept.digest == digest:
                return Done(Reply(kept.status, kept.body))
            return Done(refusal(422, _("this key was used for another command")))
        verdict, event = self._judge(till, command, now)
        reply = _reply(verdict, event)
        self._book.keep(till.name, command.key, Kept(digest, *reply), now)
        return Done(reply, event)

    def _judge(
        self, till: Till, command: TillCommand, now: datetime
    ) -> tuple[TillVerdict, TillEvent | None]:
        order = self._book.order(till.group, command.order)
        session = self._book.session(till.group)
        if order is None and (session is None or session.closed):
            session = self._book.open_session(till.group, now)
        birth = Birth(session.orders + 1, session.number) if session else Birth(0, 0)
        if order is not None and not self._is_seen_by(till, order):
            verdict = TillVerdict(
                TillAnswer.REFUSED, None, _("another till has an order of this id")
            )
        else:
            verdict = apply(order, command, till.name, birth)
        event = None
        if verdict.answer == TillAnswer.OK and verdict.order is not None:
            event = self._book.put(till.group, verdict.order, now)
            if order is None and session is not None:
                self._book.count_order(session)
        self._book.write_journal(now, till.group, till.name, command, verdict)
        self._note_money(till, command, verdict, now)
        return verdict, event

    def _is_seen_by(self, till: Till, order: TillOrder) -> bool:
        """Where a group's tills are each for themselves, nobody touches another's orders."""
        group = self._settings.groups.get(till.group)
        return group is None or group.sync or order.maker == till.name

    def _note_money(
        self, till: Till, command: TillCommand, verdict: TillVerdict, now: datetime
    ) -> None:
        payment, receipt = payment_of(command), None
        if payment is not None:
            receipt = self._check_receipt(till, payment, now)
            if verdict.answer != TillAnswer.OK:
                words = payment.words
                self._book.add_surplus(
                    now,
                    *(till.group, till.name, command.order),
                    *(words["receipt"], words["payments"], verdict.why),
                )
        self._book.note_command(till, command.n, receipt, now)

    def _check_receipt(self, till: Till, payment: Op, now: datetime) -> int | None:
        """A gap in a till's receipts, or one that it gave twice, is taken and told."""
        text = payment.words["receipt"]
        number, due = number_of(till.name, text), self._book.next_receipt(till.name)
        if number is not None and number != due:
            kind = "receipt_gap" if number > due else "receipt_again"
            self._book.flag(now, till.group, till.name, kind, text)
        return number


def _reply(verdict: TillVerdict, event: TillEvent | None) -> Reply:
    if verdict.answer == TillAnswer.OK and event is not None:
        return Reply(200, b'{"result": "ok", "order": ' + event.doc.encode() + b"}")
    order = shown(verdict.order) if verdict.order else None
    told = {"result": verdict.answer.value, "why": verdict.why, "who": verdict.who, "order": order}
    return Reply(409 if verdict.answer == TillAnswer.REFUSED else 200, dump(told).encode())


def refusal(status: int, why: str) -> Reply:
    return Reply(status, dump({"error": why}).encode())
