"""Tills in step: orders that several tills share, commands on them, and what became of these.

Fields of orders and lines are data of the tills: Passerelle reads ``ean13``, ``qty``, ``price`` and
``name`` of a line, and gives all others back as they came, numbers with their text.
Pure: no file, no clock.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from msgspec import Struct, field


class TillState(StrEnum):
    """Where a till's order stands. ``paid`` and ``cancelled`` are final."""

    DRAFT = "draft"
    PAID = "paid"
    CANCELLED = "cancelled"


class TillAnswer(StrEnum):
    """What became of a command.

    ``surplus``: it holds a payment that could not be applied, and is kept for a person.
    """

    OK = "ok"
    SURPLUS = "surplus"
    REFUSED = "refused"


class Touch(NamedTuple):
    """When a field was last set or added to, by the order's ``rev``, and by which till.

    ``other`` is the last till before it that was another one: what that did, the later one may
    never have seen, since ``add`` merges always.
    """

    rev: int
    till: str
    other_rev: int = 0
    other: str = ""


class Payment(Struct, frozen=True):
    """What was paid: ``receipt`` in the till's own series; each of ``payments`` as it came."""

    till: str
    receipt: str
    payments: tuple[Any, ...]


class TillOrder(Struct, frozen=True):
    """An order that tills share, after ``rev`` commands.

    ``no`` counts within its ``session``. ``claim`` is the till that holds it. ``done``: of each
    till, the number of its last command in it. ``touched`` says who set each field last (of the
    order: ``("", name)``; of a line: ``(id, name)``), and who each line (``(id,)``). ``dropped``
    are the lines that are gone for ever; ``broken`` the tills whose hold was broken, and not
    granted anew.
    """

    id: str
    no: int
    session: int
    maker: str
    rev: int = 0
    state: TillState = TillState.DRAFT
    claim: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    lines: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    done: Mapping[str, int] = field(default_factory=dict)
    touched: Mapping[tuple[str, ...], Touch] = field(default_factory=dict)
    dropped: frozenset[str] = frozenset()
    broken: frozenset[str] = frozenset()
    payment: Payment | None = None


class Op(NamedTuple):
    """One deed of a command: its kind, and the words that it came with."""

    kind: str
    words: Mapping[str, Any]


class TillCommand(Struct, frozen=True):
    """What a till asks for: all of it is done, or nothing.

    ``n`` ascends within a till; ``base`` is the order's ``rev`` that the till saw, 0 for none.
    """

    key: str
    n: int
    order: str
    base: int
    ops: tuple[Op, ...]


class TillVerdict(Struct, frozen=True):
    """What a command does: ``order`` is what it leaves, ``None`` where there is still none.

    ``why`` it was not done, in words, and ``who`` (a till) stands against it.
    """

    answer: TillAnswer
    order: TillOrder | None
    why: str = ""
    who: str | None = None


class Surplus(Struct, frozen=True):
    """Money that a till took, and that no order could take: a person sees to it.

    ``settled``: when somebody did.
    """

    number: int
    at: datetime
    group: str
    till: str
    order: str
    receipt: str
    payments: tuple[Any, ...]
    why: str
    settled: datetime | None = None


class Till(Struct, frozen=True):
    """A till as the server's book knows it.

    ``is_program``: it was paired with ``--token`` and speaks the protocol itself. ``agent`` tells
    the installation that speaks for it, ``heard`` when it last did, ``last_n`` its last command's
    number, ``receipt`` the number of its last receipt.
    """

    name: str
    group: str
    is_program: bool
    paired: datetime
    revoked: datetime | None = None
    agent: str = ""
    heard: datetime | None = None
    last_n: int = 0
    receipt: int = 0


class TillSession(Struct, frozen=True):
    """A day at the tills of a group; its orders are numbered from 1."""

    number: int
    group: str
    opened: datetime
    closed: datetime | None
    orders: int
