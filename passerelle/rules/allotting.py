"""Judges every order by what the file and the ledger say of it and of its sale."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from passerelle.base.language import _
from passerelle.base.words import gtin
from passerelle.config.orders import Fulfil, Orders
from passerelle.config.statuses import UNPAID
from passerelle.model.orders import Order, Reading
from passerelle.model.records import KnownOrder, KnownSale, SaleMark
from passerelle.model.states import IN_ERP, OPEN, SaleState, State
from passerelle.rules.fate import has_status, is_cancelled, used_again
from passerelle.rules.fulfilment import (
    Books,
    Candidate,
    Findings,
    Problem,
    document_of,
    held,
    is_another,
    is_still_wanted,
    problem_mark,
    wants,
)


def find_candidates(
    readings: Iterable[Reading], books: Books, fulfil: Fulfil, orders: Orders
) -> Findings:
    """Judges every order of interest in the file, and every sale whose order has left it."""
    judge, met = _Judge(books, fulfil, orders), set()
    for reading in readings:
        judge.judge(reading)
        met.add((reading.id, reading.date))
    for sale in (sale for sales in books.sales.values() for sale in sales):
        if sale.state in OPEN and (sale.id, sale.order_date) not in met:
            judge.left(sale)
    return judge.found


class _Judge:
    def __init__(self, books: Books, fulfil: Fulfil, orders: Orders) -> None:
        self._books, self._fulfil, self._orders = books, fulfil, orders
        self.found = Findings()

    def judge(self, reading: Reading) -> None:
        order = self._books.orders.get(reading.id)
        date, start = reading.date, self._fulfil.start_from
        if date is None:
            if wants(reading, self._fulfil) and self._is_in_erp(reading.id):
                self.found.undated.append(reading.id)
            return
        sales = self._books.sales.get(reading.id, ())
        sale = next((sale for sale in sales if sale.order_date == date), None)
        if start is None or date < start:
            if sale is not None and sale.state in OPEN:
                self._withdraw(sale, _("ordered before fulfil.start_from"))
        elif order is not None and is_another(reading, order):
            self._reused(reading, date, sale, order)
        elif sale is None:
            if self._may_begin(reading):
                self._wanted(reading, date, None)
        else:
            self._go_on(reading, date, sale)

    def left(self, sale: KnownSale) -> None:
        """Judges an open sale whose order is not in the file: its content cannot be had."""
        reason = _("its order has left the shop's file: have the shop export it again")
        self._problem(sale, sale.state, Problem.GONE, reason)

    def _go_on(self, reading: Reading, date: datetime, sale: KnownSale) -> None:
        cancelled = is_cancelled(reading, self._orders)
        match sale.state:
            case SaleState.WANTED | SaleState.REFUSED if cancelled:
                self._withdraw(sale, _cancelled_in_words(reading))
            case SaleState.WANTED | SaleState.REFUSED if not self._is_still_wanted(reading):
                text = _('its status is "{status}" now, which fulfil.when_statuses does not name')
                is_unpaid = has_status(reading, UNPAID)
                problem = Problem.STATUS if is_unpaid else Problem.UNKNOWN
                self._problem(sale, sale.state, problem, text.format(status=reading.status))
            case SaleState.WANTED | SaleState.REFUSED:
                self._wanted(reading, date, sale)
            case SaleState.WITHDRAWN:
                if self._may_begin(reading):
                    self._wanted(reading, date, sale)
            case SaleState.SENT | SaleState.DONE if cancelled != sale.cancelled:
                self._cancelled(reading, sale, cancelled=cancelled)
            case SaleState.DONE if not cancelled and self._is_again(sale):
                self._imported_again(reading, date, sale)
            case SaleState.PREPARED if sale.problem == Problem.DOUBTFUL:
                self._problem(sale, sale.state, Problem.DOUBTFUL, sale.reason)

    def _wanted(self, reading: Reading, date: datetime, sale: KnownSale | None) -> None:
        order = self._books.orders.get(reading.id)
        if not self._is_in_erp(reading.id):
            if sale is not None and order is not None and order.state == State.SETTLED:
                mark = _mark(sale, SaleState.DONE, order.reason, imported=order.dispatch or 0)
                self.found.marks.append(replace(mark, by_hand=True))
            elif sale is not None:
                reason = _("the order itself is not in the ERP yet")
                self._problem(sale, sale.state, Problem.ORDER, reason)
            return
        imported = order.dispatch if order else None
        if reading.order is None:
            mark = SaleMark(self._books.channel, reading.id, date, SaleState.WANTED)
            reason = "; ".join(str(fault) for fault in reading.faults)
            found = problem_mark(sale or mark, Problem.ILLEGIBLE, reason, self._books.now)
            self.found.marks.append(found)
            return
        document = document_of(reading.order, self._fulfil)
        one = Candidate(reading.order, date, document, imported, sale, reading.sold)
        self.found.candidates.append(one)

    def _reused(
        self, reading: Reading, date: datetime, sale: KnownSale | None, order: KnownOrder
    ) -> None:
        if sale is not None and sale.state not in OPEN:
            return
        if is_cancelled(reading, self._orders):
            if sale is not None:
                self._withdraw(sale, _cancelled_in_words(reading))
            return
        reason = used_again(reading.id, order.date or date, date)
        mark = SaleMark(self._books.channel, reading.id, date, SaleState.WANTED)
        found = problem_mark(sale or mark, Problem.REUSED, reason, self._books.now)
        self.found.marks.append(found)

    def _cancelled(self, reading: Reading, sale: KnownSale, *, cancelled: bool) -> None:
        text = _('no longer cancelled in the shop ("{status}"): compare it with the ERP')
        if cancelled:
            text = _(
                'cancelled in the shop ("{status}") though it has its sale: undo it in the ERP'
            )
        reason = text.format(status=reading.status)
        self.found.marks.append(_mark(sale, sale.state, reason, cancelled=cancelled))

    def _imported_again(self, reading: Reading, date: datetime, sale: KnownSale) -> None:
        if self._fulfil.repeat == "again":
            self._wanted(reading, date, sale)
            return
        order = self._books.orders.get(reading.id)
        reason = _("the order was sent again; it has its sale, which is not issued again")
        imported = order.dispatch if order else None
        self.found.marks.append(_mark(sale, sale.state, reason, imported=imported))

    def _is_again(self, sale: KnownSale) -> bool:
        """Whether the order was sent anew since its sale was issued."""
        if sale.id in self._books.fresh:
            return True
        order = self._books.orders.get(sale.id)
        return self._is_in_erp(sale.id) and order is not None and order.dispatch != sale.imported

    def _is_still_wanted(self, reading: Reading) -> bool:
        return is_still_wanted(reading, self._fulfil, self._orders)

    def _may_begin(self, reading: Reading) -> bool:
        cancelled = is_cancelled(reading, self._orders)
        return wants(reading, self._fulfil) and not cancelled and self._is_in_erp(reading.id)

    def _is_in_erp(self, id: str) -> bool:
        order = self._books.orders.get(id)
        return id in self._books.fresh or (order is not None and order.state in IN_ERP)

    def _withdraw(self, sale: KnownSale, reason: str) -> None:
        self.found.marks.append(_mark(sale, SaleState.WITHDRAWN, reason))

    def _problem(self, sale: KnownSale, state: SaleState, problem: Problem, reason: str) -> None:
        mark = problem_mark(sale, problem, reason, self._books.now, state)
        self.found.marks.append(mark)


def _cancelled_in_words(reading: Reading) -> str:
    return _('cancelled in the shop ("{status}")').format(status=reading.status)


def _mark(
    sale: KnownSale,
    state: SaleState,
    reason: str,
    *,
    cancelled: bool = False,
    imported: int | None = None,
) -> SaleMark:
    key = sale.channel, sale.id, sale.order_date
    return SaleMark(*key, state, "", reason, imported, cancelled)


class Shelf(Struct, frozen=True):
    """What is left in stock: ``None`` where that is not asked, ``why`` where nobody can tell."""

    left: Mapping[str, int] | None = None
    why: str = ""


class Allotment(Struct, frozen=True):
    """The candidates that have their stock, and what is to be written of the others."""

    granted: tuple[Candidate, ...]
    marks: tuple[SaleMark, ...]


def in_turn(candidates: Iterable[Candidate], fulfil: Fulfil) -> list[Candidate]:
    def age(one: Candidate) -> tuple[datetime, int, str]:
        return one.order_date, len(one.order.id), one.order.id

    return sorted(candidates, key=age, reverse=fulfil.order == "newest")


def allot(
    candidates: Iterable[Candidate], shelf: Shelf, gift_cards: Collection[str], books: Books
) -> Allotment:
    """Gives the stock to the candidates in their order; one that lacks some takes nothing."""
    granted, marks = [], []
    left = Counter(shelf.left or {})
    for candidate in candidates:
        needed = needs(candidate.order, gift_cards)
        short = {key: n for key, n in needed.items() if n > left[key]}
        if needed and shelf.why:
            marks.append(held(candidate, Problem.UNCHECKED, shelf.why, books))
        elif shelf.left is not None and short:
            reason = _("not enough stock: {items}").format(items="; ".join(_short(short, left)))
            marks.append(held(candidate, Problem.STOCK, reason, books))
        else:
            left.subtract(needed)
            granted.append(candidate)
    return Allotment(tuple(granted), tuple(marks))


def needs(order: Order, gift_cards: Collection[str]) -> Counter[str]:
    """What an order takes out of the ERP's stock, which gift cards are not in."""
    needed: Counter[str] = Counter()
    for line in order.lines:
        key = gtin(line.ean13) or gtin(line.product_reference)
        if key and line.product_id not in gift_cards:
            needed[key] += line.quantity
    return needed


def _short(short: Mapping[str, int], left: Mapping[str, int]) -> Iterator[str]:
    for key, number in short.items():
        text = _("{item}: {sold} sold, {left} left")
        yield text.format(item=key, sold=number, left=max(0, left.get(key, 0)))
