"""The tills of a shop, played by the tests: what they do stands in the server's book."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from passerelle.base.exact_json import dump, parse
from passerelle.ledger.till_book import TillBook
from passerelle.model.tills import Op, TillAnswer, TillCommand
from passerelle.rules.tills.merge import Birth, apply


@dataclass
class Tills:
    """The tills of one group, which put their commands straight into the book."""

    folder: Path
    group: str = "store"
    n: int = 0

    @contextmanager
    def book(self) -> Iterator[TillBook]:
        self.folder.mkdir(exist_ok=True)
        book = TillBook(self.folder)
        yield book
        book.close()

    def do(self, order: str, *ops: Mapping[str, Any], till: str = "B") -> None:
        """A command, which must be carried out."""
        self.n += 1
        now = datetime.now(UTC)
        with self.book() as book:
            if not any(known.name == till for known in book.tills()):
                book.add_till(till, self.group, f"token of {till}", now, is_program=False)
            before = book.order(self.group, order)
            parsed = [parse(dump(op)) for op in ops]
            done = tuple(Op(op.pop("op"), op) for op in parsed)
            base = before.rev if before else 0
            with book.transaction:
                session = book.open_session(self.group, now)
                birth = Birth(session.orders + 1, session.number)
                command = TillCommand(f"k{self.n}", self.n, order, base, done)
                verdict = apply(before, command, till, birth)
                assert (verdict.answer, verdict.why) == (TillAnswer.OK, ""), verdict
                assert verdict.order is not None
                if before is None:
                    book.count_order(session)
                book.put(self.group, verdict.order, now)
            book.remember()

    def begin_anew(self) -> None:
        """The server finds that its book was put back."""
        with self.book() as book:
            with book.transaction:
                book.begin_anew(datetime.now(UTC), "an older copy")
            book.remember()

    def drafts(self, order: str, items: Mapping[str, Any], **fields: Any) -> None:
        """An order with a line of each item; ``fields`` are the order's."""
        self.do(order, {"op": "create", "fields": fields})
        for item, quantity in items.items():
            self.adds(order, item, quantity)

    def adds(self, order: str, item: str, quantity: Any = 1, **fields: Any) -> None:
        """A line, called as its item."""
        line = {"ean13": item, "price": "9.90", "qty": quantity, "name": "Bottine"} | fields
        self.do(order, {"op": "line", "id": item, "set": line})

    def pays(self, order: str, *methods: str, till: str = "B") -> str:
        """The money is taken; returns the receipt."""
        with self.book() as book:
            before = book.order(self.group, order)
        assert before is not None
        receipt = f"{till}-{self.n + 1:06d}"
        seen = {
            id: {name: line[name] for name in ("qty", "price") if name in line}
            for id, line in before.lines.items()
        }
        payments = [{"method": one, "amount": "9.90"} for one in methods or ("cash",)]
        self.do(
            order, {"op": "pay", "receipt": receipt, "payments": payments, "seen": seen}, till=till
        )
        return receipt

    def sells(self, order: str, items: Mapping[str, Any], *methods: str, **fields: Any) -> str:
        """Both; returns the receipt."""
        self.drafts(order, items, **fields)
        return self.pays(order, *methods)

    def cancels(self, order: str) -> None:
        self.do(order, {"op": "cancel"})

    def drops(self, order: str, item: str) -> None:
        self.do(order, {"op": "drop", "id": item})
