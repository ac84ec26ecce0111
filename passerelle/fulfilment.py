"""Pure: which orders are to have their sale now, in which order, and against which stock.

A sale is one document for the ERP, an invoice or a receipt, issued once an order's status allows
it. Two steps: :func:`find_candidates` judges every order by what the file and the ledger say of it;
:func:`allot` gives the ERP's stock to the candidates, one after the other.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from passerelle.config import Fulfil, Orders
from passerelle.language import _
from passerelle.ledger import DONE, Issue, KnownOrder, KnownSale, SaleMark, SaleState, State
from passerelle.reading import fold, gtin
from passerelle.sales import Order, Reading
from passerelle.verdict import is_cancelled


class Problem(StrEnum):
    """What stands against a sale; each value is a contract with programs that read ``--json``.

    ``stock``: not enough of it. ``unchecked``: the ERP's file tells nothing now. ``order``: the
    order itself is not in the ERP. ``illegible``: it cannot be read any more. ``unwritten``: the
    stylesheet fails on it. ``gone`` from the shop's file. ``reused``: the shop uses its id again.
    ``refused`` by the ERP. ``doubtful``: only the ERP knows whether it has it.
    """

    STOCK = "stock"
    UNCHECKED = "unchecked"
    ORDER = "order"
    ILLEGIBLE = "illegible"
    UNWRITTEN = "unwritten"
    GONE = "gone"
    REUSED = "reused"
    REFUSED = "refused"
    DOUBTFUL = "doubtful"


# These ask for a person; the others end by themselves.
FAULTS = frozenset(Problem) - {Problem.STOCK, Problem.UNCHECKED, Problem.ORDER}
_IN_ERP = (State.SENT, State.TAKEN)
_OPEN = (SaleState.WANTED, SaleState.REFUSED)


@dataclass(frozen=True, slots=True)
class Books:
    """What is known when the decision is made.

    ``orders`` and ``sales`` are the ledger's, by id. ``fresh`` are orders that this very run sends
    though the ledger does not say so, since it is a dry one.
    """

    channel: str
    now: datetime
    orders: Mapping[str, KnownOrder]
    sales: Mapping[str, Sequence[KnownSale]]
    fresh: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """An order whose sale is to be issued if nothing else stands against it."""

    order: Order
    order_date: datetime
    document: str
    imported: int | None
    sale: KnownSale | None

    def issue(self, channel: str) -> Issue:
        """The same for the ledger."""
        return Issue(channel, self.order.id, self.order_date, self.document, self.imported)


@dataclass(slots=True)
class Findings:
    """The candidates, what is to be written of other sales, and orders without a date."""

    candidates: list[Candidate] = field(default_factory=list)
    marks: list[SaleMark] = field(default_factory=list)
    undated: list[str] = field(default_factory=list)


def is_of_interest(
    reading: Reading,
    known: KnownOrder | None,
    fulfil: Fulfil,
    orders: Orders,
    open_ids: Collection[str],
) -> bool:
    """Whether an order of the file may matter here; ``open_ids`` have a sale that is not done."""
    if reading.id in open_ids or _wants(reading, fulfil) or is_cancelled(reading, orders):
        return True
    return known is not None and _is_another(reading, known)


def will_be_wanted(
    reading: Reading, known: KnownOrder | None, fulfil: Fulfil, orders: Orders
) -> bool:
    """Whether the next run of orders will want a sale for an order that has none yet."""
    if known is None or known.state not in _IN_ERP or known.date != reading.date:
        return False
    start, date = fulfil.start_from, reading.date
    is_new = start is not None and date is not None and date >= start
    return is_new and _wants(reading, fulfil) and not is_cancelled(reading, orders)


def find_candidates(
    readings: Iterable[Reading], books: Books, fulfil: Fulfil, orders: Orders
) -> Findings:
    """Judges every order of interest in the file, and every sale whose order has left it."""
    judge, met = _Judge(books, fulfil, orders), set()
    for reading in readings:
        judge.judge(reading)
        met.add((reading.id, reading.date))
    for sale in (sale for sales in books.sales.values() for sale in sales):
        if sale.state in _OPEN and (sale.id, sale.order_date) not in met:
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
            if _wants(reading, self._fulfil) and self._is_in_erp(reading.id):
                self.found.undated.append(reading.id)
            return
        sales = self._books.sales.get(reading.id, ())
        sale = next((sale for sale in sales if sale.order_date == date), None)
        if start is None or date < start:
            if sale is not None and sale.state in _OPEN:
                self._withdraw(sale, _("ordered before fulfil.start_from"))
        elif order is not None and _is_another(reading, order):
            self._reused(reading, date, sale, order)
        elif sale is None:
            if self._may_begin(reading):
                self._wanted(reading, date, None)
        else:
            self._go_on(reading, date, sale)

    def left(self, sale: KnownSale) -> None:
        """An open sale whose order is not in the file: its content cannot be had."""
        reason = _("its order has left the shop's file: have the shop export it again")
        self._problem(sale, sale.state, Problem.GONE, reason)

    def _go_on(self, reading: Reading, date: datetime, sale: KnownSale) -> None:
        """An order that has a sale, in whatever state."""
        cancelled = is_cancelled(reading, self._orders)
        match sale.state:
            case SaleState.WANTED | SaleState.REFUSED if cancelled:
                reason = _('cancelled in the shop ("{status}")').format(status=reading.status)
                self._withdraw(sale, reason)
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
                self.found.marks.append(mark)
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
        self.found.candidates.append(Candidate(reading.order, date, document, imported, sale))

    def _reused(
        self, reading: Reading, date: datetime, sale: KnownSale | None, order: KnownOrder
    ) -> None:
        if sale is not None and sale.state not in _OPEN:
            return
        text = _(
            "the shop uses its id again: the ledger knows an order of {known}, the file has one "
            "of {met}; `passerelle orders forget` lets the new one in"
        )
        reason = text.format(known=_minute(order.date or date), met=_minute(date))
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

    def _may_begin(self, reading: Reading) -> bool:
        cancelled = is_cancelled(reading, self._orders)
        return _wants(reading, self._fulfil) and not cancelled and self._is_in_erp(reading.id)

    def _is_in_erp(self, id: str) -> bool:
        order = self._books.orders.get(id)
        return id in self._books.fresh or (order is not None and order.state in _IN_ERP)

    def _withdraw(self, sale: KnownSale, reason: str) -> None:
        self.found.marks.append(_mark(sale, SaleState.WITHDRAWN, reason))

    def _problem(self, sale: KnownSale, state: SaleState, problem: Problem, reason: str) -> None:
        mark = problem_mark(sale, problem, reason, self._books.now, state)
        self.found.marks.append(mark)


@dataclass(frozen=True, slots=True)
class Shelf:
    """What is left in stock: ``None`` where that is not asked, ``why`` where nobody can tell."""

    left: Mapping[str, int] | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Allotment:
    """The candidates that have their stock, and what is to be written of the others."""

    granted: tuple[Candidate, ...]
    marks: tuple[SaleMark, ...]


def in_turn(candidates: Iterable[Candidate], fulfil: Fulfil) -> list[Candidate]:
    """The candidates in the order in which they are to be served."""

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
            marks.append(_held(candidate, Problem.UNCHECKED, shelf.why, books))
        elif shelf.left is not None and short:
            reason = _("not enough stock: {items}").format(items="; ".join(_short(short, left)))
            marks.append(_held(candidate, Problem.STOCK, reason, books))
        else:
            left.subtract(needed)
            granted.append(candidate)
    return Allotment(tuple(granted), tuple(marks))


def unwritten(candidate: Candidate, reason: str, books: Books) -> SaleMark:
    """What is to be written of a sale that the stylesheet cannot make."""
    return _held(candidate, Problem.UNWRITTEN, reason, books)


def needs(order: Order, gift_cards: Collection[str]) -> Counter[str]:
    """What an order takes out of the ERP's stock, which gift cards are not in."""
    needed: Counter[str] = Counter()
    for line in order.lines:
        key = gtin(line.ean13) or gtin(line.product_reference)
        if key and line.product_id not in gift_cards:
            needed[key] += line.quantity
    return needed


def document_of(order: Order, fulfil: Fulfil) -> str:
    """``invoice`` or ``receipt``."""
    if fulfil.document != "auto":
        return fulfil.document
    customer = order.customer
    return "invoice" if customer.company or customer.vat_number else "receipt"


def problem_mark(
    sale: KnownSale | SaleMark,
    problem: Problem,
    reason: str,
    now: datetime,
    state: SaleState = SaleState.WANTED,
) -> SaleMark:
    """What is to be written of a sale that something stands against."""
    is_news = not isinstance(sale, KnownSale) or sale.is_news(problem, now)
    return SaleMark(sale.channel, sale.id, sale.order_date, state, problem, reason, is_told=is_news)


def _held(candidate: Candidate, problem: Problem, reason: str, books: Books) -> SaleMark:
    id, date = candidate.order.id, candidate.order_date
    fresh = SaleMark(books.channel, id, date, SaleState.WANTED)
    mark = problem_mark(candidate.sale or fresh, problem, reason, books.now)
    return SaleMark(
        *(mark.channel, id, date, mark.state, problem, reason),
        imported=candidate.imported,
        is_told=mark.is_told,
    )


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


def _short(short: Mapping[str, int], left: Mapping[str, int]) -> Iterator[str]:
    for key, number in short.items():
        text = _("{item}: {sold} sold, {left} left")
        yield text.format(item=key, sold=number, left=max(0, left.get(key, 0)))


def _wants(reading: Reading, fulfil: Fulfil) -> bool:
    return fold(reading.status) in {fold(status) for status in fulfil.when_statuses}


def _is_another(reading: Reading, known: KnownOrder) -> bool:
    """Whether the file has another order under the id of one that the ledger calls done."""
    dated = known.date is not None and reading.date is not None
    return known.state in DONE and dated and known.date != reading.date


def _minute(moment: datetime) -> str:
    return f"{moment.astimezone():%Y-%m-%d %H:%M}"
