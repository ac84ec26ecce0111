"""Tills and their server in a world that drops, doubles, reorders and crashes.

The server is the real sequencer on a real book, in memory. A till here keeps what an agent keeps:
orders as the server told them last, an outbox, a cursor, its counters. People at the tills know
only what their screen shows. What must hold is said in :func:`judge`.
"""

import random
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import pytest

from passerelle.base.exact_json import Number, decimal_of, dump, parse
from passerelle.config.tills import Tills
from passerelle.ledger import till_tables
from passerelle.ledger.till_book import TillBook
from passerelle.model.till_forms import read_order, shown
from passerelle.model.tills import Op, Till, TillCommand, TillOrder, TillState
from passerelle.rules.tills import merge, replay
from passerelle.rules.tills.commands import read_command, write_command
from passerelle.rules.tills.numbers import receipt_of
from passerelle.tills.sequencer import Done, Sequencer
from tests import scale

BEGIN, STEPS = datetime(2026, 11, 27, 9, tzinfo=UTC), 700
Place = tuple[str, ...]


class CrashError(Exception):
    """The server died before it had committed."""


class Effect(NamedTuple):
    """A command that changed an order, and the revision that it made."""

    till: str
    command: TillCommand
    rev: int


class Post(NamedTuple):
    till: str
    body: bytes


class Answer(NamedTuple):
    till: str
    key: str
    status: int
    body: bytes


class News(NamedTuple):
    till: str
    events: Sequence[tuple[int, str]]


# --- the server ------------------------------------------------------------------------------


class Server:
    """Takes commands, some of them in one transaction; ``effects`` is what they came to."""

    def __init__(self, names: Sequence[str]) -> None:
        connection = sqlite3.connect(":memory:", isolation_level=None)
        till_tables._make_tables(connection, Path("memory"))
        with mock.patch("passerelle.ledger.till_book.open_connection", lambda _: connection):
            self.book = TillBook(Path("memory"))
        with self.book.transaction:
            for name in names:
                self.book.add_till(name, "store", name, BEGIN, is_program=False)
        self.effects: list[Effect] = []
        self._sequencer, self._clock = Sequencer(self.book, Tills()), BEGIN

    def take(self, posts: Sequence[Post], *, dies: bool = False) -> list[Answer]:
        with self.book.transaction:
            done = [(post, self._do(post)) for post in posts]
            if dies:
                raise CrashError
        for post, one in done:
            if one.event:
                rev = read_order(one.event.doc).rev
                self.effects.append(Effect(post.till, read_command(post.body), rev))
        return [Answer(p.till, read_command(p.body).key, *one.reply) for p, one in done]

    def _do(self, post: Post) -> Done:
        self._clock += timedelta(seconds=1)
        till = Till(post.till, "store", is_program=False, paired=BEGIN)
        return self._sequencer.carry_out(till, post.body, self._clock)


# --- a till ----------------------------------------------------------------------------------


@dataclass
class Agent:
    """A till, and the person at it. All but ``known`` and ``takings`` is what its disk holds."""

    name: str
    orders: dict[str, TillOrder] = field(default_factory=dict)
    outbox: list[TillCommand] = field(default_factory=list)
    cursor: int = 0
    n: int = 0
    receipt: int = 0
    is_connected: bool = True
    # Of each command: up to which revision the person had seen each place that it changes.
    known: dict[str, dict[Place, int]] = field(default_factory=dict)
    takings: dict[str, str] = field(default_factory=dict)
    told: dict[str, str] = field(default_factory=dict)

    def pending(self, id: str) -> list[TillCommand]:
        return [command for command in self.outbox if command.order == id]

    def screen(self, id: str) -> TillOrder | None:
        return replay.screen(self.orders.get(id), self.pending(id), self.name)

    def hindrance(self, id: str) -> str:
        order, pending = self.orders.get(id), self.pending(id)
        return replay.hindrance(order, pending, self.name, is_connected=self.is_connected)

    def ids(self) -> list[str]:
        return [*dict.fromkeys([*self.orders, *(command.order for command in self.outbox)])]

    def ask(self, id: str, *ops: Op) -> None:
        """Puts a command into the outbox, as a person wants it who sees the screen."""
        self.n += 1
        base = replay.base_of(self.orders.get(id), self.pending(id), ops)
        command = TillCommand(f"{self.name}{self.n}", self.n, id, base, ops)
        self.known[command.key] = {place: self._knows(id, place) for place in overwritten(ops)}
        self.outbox.append(command)

    def _knows(self, id: str, place: Place) -> int:
        """What hides behind an own value that is on its way, the person has not seen."""
        order = self.orders.get(id)
        waiting = replay.undone(order, self.pending(id), self.name)
        return min(
            [order.rev if order else 0]
            + [
                rev
                for command in waiting
                for other, rev in self.known[command.key].items()
                # A cancel that is on its way hides no value.
                if other and (other[: len(place)] == place or place[: len(other)] == other)
            ]
        )

    def hear(self, order: TillOrder) -> None:
        known = self.orders.get(order.id)
        self.orders[order.id] = replay.newer(known, order)
        was_paid = known is not None and known.state == TillState.PAID
        assert not was_paid or self.orders[order.id].state == TillState.PAID, "paid, open again"

    def take_answer(self, answer: Answer) -> None:
        if not self.outbox or self.outbox[0].key != answer.key:
            return
        value = parse(answer.body)
        if order := value["order"]:
            self.hear(read_order(dump(order)))
        self.told[answer.key] = value["result"]
        refused = self.outbox.pop(0)
        if value["result"] == "refused":
            confirmed, waiting = self.orders.get(refused.order), self.pending(refused.order)
            for command in replay.falls_with(confirmed, refused, waiting):
                self.told[command.key] = "fallen"
                self.outbox.remove(command)

    def take_news(self, news: News, chance: random.Random) -> None:
        """As much of a stream as came before it was cut."""
        for seq, doc in news.events[: chance.randint(1, len(news.events) + 2)]:
            self.hear(read_order(doc))
            self.cursor = max(self.cursor, seq)

    def restart(self) -> None:
        """Of a crash only what the disk has stays."""
        self.outbox = [read_command(write_command(command)) for command in self.outbox]
        self.orders = {id: read_order(dump(shown(o))) for id, o in self.orders.items()}


def overwritten(ops: Sequence[Op]) -> Iterator[Place]:
    """The places whose values ops put others in the place of; ``()`` is all of the order."""
    for op in ops:
        if op.kind == "set":
            yield from ((name,) for name in op.words["fields"])
        elif op.kind == "line":
            yield from (("line", op.words["id"], name) for name in op.words.get("set", {}))
        elif op.kind == "drop":
            yield ("line", op.words["id"])
        elif op.kind == "cancel":
            yield ()


def changed(ops: Sequence[Op]) -> Iterator[Place]:
    """The same, and those that ops add to."""
    yield from overwritten([op for op in ops if op.kind != "cancel"])
    for op in ops:
        if op.kind == "line":
            yield from (("line", op.words["id"], name) for name in op.words.get("add", {}))
        elif op.kind == "create":
            yield from ((name,) for name in op.words["fields"])


# --- the world -------------------------------------------------------------------------------


class World:
    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.agents = {name: Agent(name) for name in "ABCDE"[: self.chance.randint(3, 5)]}
        self.server = Server([*self.agents])
        self.line: list[Post | Answer | News] = []

    def play(self) -> None:
        deeds: Mapping[Callable[[Agent], None], int] = {
            self.create: 3, self.edit: 30, self.claim: 10, self.pay: 9, self.release: 15,
            self.break_hold: 8, self.cancel: 1, self.post: 60, self.listen: 40, self.deliver: 150,
            self.go_or_come: 4, self.die: 2, self.kill_server: 2,
        }  # fmt: skip
        for _step in range(STEPS):
            deed = self.chance.choices([*deeds], [*deeds.values()])[0]
            deed(self.chance.choice([*self.agents.values()]))
        self.calm_down()

    def calm_down(self) -> None:
        """All lines are good again, and stay so; what is late arrives, too."""
        for agent in self.agents.values():
            agent.is_connected = True
        while self.line:
            self._arrive(self.line.pop(0))
        for agent in self.agents.values():
            while agent.outbox:
                post = Post(agent.name, write_command(agent.outbox[0]))
                agent.take_answer(*self.server.take([post]))
        for agent in self.agents.values():
            for event in self.server.book.events_after(agent.cursor, "store"):
                agent.hear(read_order(event.doc))

    # --- people ------------------------------------------------------------------------------

    def create(self, agent: Agent) -> None:
        id = f"{agent.name}-{agent.n}"
        new = Op("create", {"fields": {"note": self._text(agent), "deep": self._deep(agent)}})
        agent.ask(id, new, Op("claim", {}), self._new_line(agent))

    def edit(self, agent: Agent) -> None:
        if id := self._pick(agent, lambda id: not agent.hindrance(id)):
            order = agent.screen(id)
            assert order is not None
            agent.ask(id, *self._edits(agent, order))

    def claim(self, agent: Agent) -> None:
        if agent.is_connected and (id := self._pick(agent, self._is_free(agent))):
            agent.ask(id, Op("claim", {}))

    def pay(self, agent: Agent) -> None:
        if id := self._pick(agent, lambda id: self._holds(agent, id)):
            order = agent.screen(id)
            assert order is not None
            agent.receipt += 1
            receipt = receipt_of(agent.name, agent.receipt)
            seen = {key: dict(line) for key, line in order.lines.items()}
            payment = {"method": "cash", "amount": str(merge.total_of(order) or 0)}
            agent.takings[receipt] = id
            agent.ask(id, Op("pay", {"receipt": receipt, "payments": [payment], "seen": seen}))

    def release(self, agent: Agent) -> None:
        if id := self._pick(agent, lambda id: self._holds(agent, id)):
            agent.ask(id, Op("release", {}))

    def break_hold(self, agent: Agent) -> None:
        def is_others(id: str) -> bool:
            order = agent.screen(id)
            return order is not None and order.claim not in (None, agent.name)

        if agent.is_connected and (id := self._pick(agent, is_others)):
            agent.ask(id, Op("break", {"who": "Zoé"}))

    def cancel(self, agent: Agent) -> None:
        if id := self._pick(agent, lambda id: not agent.hindrance(id)):
            agent.ask(id, Op("cancel", {}))

    def _pick(self, agent: Agent, fits: Callable[[str], bool]) -> str:
        """One of the last orders: people have few open at a time."""
        ids = [id for id in agent.ids()[-4:] if agent.screen(id) and fits(id)]
        return self.chance.choice(ids) if ids else ""

    def _holds(self, agent: Agent, id: str) -> bool:
        order = agent.screen(id)
        return order is not None and order.claim == agent.name and not agent.hindrance(id)

    def _is_free(self, agent: Agent) -> Callable[[str], bool]:
        return lambda id: not agent.hindrance(id) and not self._holds(agent, id)

    def _edits(self, agent: Agent, order: TillOrder) -> Iterator[Op]:
        ids, chance = sorted(order.lines), self.chance
        kind = chance.choice(["note", "deep", "new", *(["price", "add", "add", "qty", "drop"] * 2)])
        if kind in ("note", "deep"):
            value = self._text(agent) if kind == "note" else self._deep(agent)
            yield Op("set", {"fields": {kind: value}})
        elif kind == "new" or not ids:
            yield self._new_line(agent)
        elif kind == "drop":
            yield Op("drop", {"id": chance.choice(ids)})
        else:
            amount = str(chance.randint(1, 9))
            words = {"add": {"qty": amount}} if kind == "add" else {"set": {kind: amount}}
            yield Op("line", {"id": chance.choice(ids), **words})

    def _new_line(self, agent: Agent) -> Op:
        given = {"price": "9.90", "qty": "1", "deep": self._deep(agent)}
        return Op("line", {"id": f"{agent.name}{agent.n}", "set": given})

    def _text(self, agent: Agent) -> str:
        return f"{agent.name}{agent.n}é"

    def _deep(self, agent: Agent) -> Any:
        return {"by": self._text(agent), "n": Number("0.10"), "more": [None, {"🥿": "1"}]}

    # --- the line ----------------------------------------------------------------------------

    def post(self, agent: Agent) -> None:
        if agent.is_connected and agent.outbox:
            self.line.append(Post(agent.name, write_command(agent.outbox[0])))

    def listen(self, agent: Agent) -> None:
        events = self.server.book.events_after(agent.cursor, "store")
        if agent.is_connected and events:
            self.line.append(News(agent.name, [(event.seq, event.doc) for event in events]))

    def deliver(self, _agent: Agent) -> None:
        if not self.line:
            return
        message = self.line.pop(self.chance.randrange(len(self.line)))
        fate = self.chance.random()
        if fate < 0.1:
            return
        if fate < 0.25:
            self.line.append(message)
        self._arrive(message)

    def _arrive(self, message: Post | Answer | News) -> None:
        agent = self.agents[message.till]
        if isinstance(message, Post):
            self.line += self.server.take([message])
        elif not agent.is_connected:
            return
        elif isinstance(message, Answer):
            agent.take_answer(message)
        else:
            agent.take_news(message, self.chance)

    def go_or_come(self, agent: Agent) -> None:
        agent.is_connected = not agent.is_connected

    def die(self, agent: Agent) -> None:
        """What it was told just now it never knew."""
        self.line = [m for m in self.line if m.till != agent.name or isinstance(m, Post)]
        agent.restart()

    def kill_server(self, _agent: Agent) -> None:
        """Before it commits, or after, so that nobody gets the answer."""
        posts = [message for message in self.line if isinstance(message, Post)]
        self.line = [message for message in self.line if not isinstance(message, Post)]
        try:
            self.server.take(posts, dies=self.chance.random() < 0.5)
        except CrashError:
            self.line += posts[:1]  # one was still on its way


# --- what must hold --------------------------------------------------------------------------


def judge(world: World) -> None:
    book, effects = world.server.book, world.server.effects
    orders = {order.id: order for order in book.current("store")}
    assert len(orders) == sum(effect.command.base == 0 for effect in effects if is_birth(effect))
    assert sorted(order.no for order in orders.values()) == [*range(1, len(orders) + 1)]
    _each_command_once(world)
    _nothing_overwritten_unseen(world)
    for id, order in orders.items():
        its = [effect for effect in effects if effect.command.order == id]
        assert (dict(order.fields), dict(order.lines)) == folded(its), id
        kinds = [[op.kind for op in effect.command.ops] for effect in its]
        assert not any("pay" in kind for kind in kinds[:-1]), "changed after it was paid"
    for agent in world.agents.values():
        assert {id: shown(order) for id, order in agent.orders.items()} == {
            id: shown(order) for id, order in orders.items()
        }, f"{agent.name} is not in step"
    _each_coin_once(world, orders)


def is_birth(effect: Effect) -> bool:
    return effect.command.ops[0].kind == "create"


def _each_command_once(world: World) -> None:
    """What a till was told is what came to be."""
    times = Counter(effect.command.key for effect in world.server.effects)
    assert set(times.values()) <= {1}, "done twice"
    for agent in world.agents.values():
        assert all((key in times) == (told == "ok") for key, told in agent.told.items())


def _nothing_overwritten_unseen(world: World) -> None:
    """An edit of another till goes only where the person who overwrites it has seen it."""
    past: dict[str, list[tuple[Place, Effect]]] = defaultdict(list)
    for effect in world.server.effects:
        known = world.agents[effect.till].known[effect.command.key]
        for place, rev in known.items():
            for other, before in past[effect.command.order]:
                is_there = other[: len(place)] == place
                unseen = before.till != effect.till and before.rev > rev
                assert not (is_there and unseen), f"{before} lost by {effect}"
        past[effect.command.order] += [(place, effect) for place in changed(effect.command.ops)]


def folded(effects: Sequence[Effect]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What an order must be after all that was done to it."""
    fields: dict[str, Any] = {}
    lines: dict[str, dict[str, Any]] = {}
    for op in (op for effect in effects for op in effect.command.ops):
        if op.kind in ("create", "set"):
            fields |= op.words["fields"]
        elif op.kind == "drop":
            del lines[op.words["id"]]
        elif op.kind == "line":
            line = lines.setdefault(op.words["id"], {})
            line |= op.words.get("set", {})
            for name, delta in op.words.get("add", {}).items():
                line[name] = str((decimal_of(line[name]) or 0) + (decimal_of(delta) or 0))
    return fields, lines


def _each_coin_once(world: World, orders: Mapping[str, TillOrder]) -> None:
    """What was taken is on one order or kept for a person, and twice only after a break."""
    taken = {r: id for agent in world.agents.values() for r, id in agent.takings.items()}
    surplus = world.server.book.surplus()
    paid = [(o.payment.receipt, id) for id, o in orders.items() if o.payment is not None]
    booked = [*paid, *((one.receipt, one.order) for one in surplus)]
    assert Counter(booked) == Counter(taken.items())
    ops = [(e.command.order, op.kind) for e in world.server.effects for op in e.command.ops]
    for one in surplus:
        assert (one.order, "break") in ops, f"refused, and nobody broke the hold: {one}"


# --- the tests -------------------------------------------------------------------------------


def play(seed: int) -> World:
    world = World(seed)
    world.play()
    judge(world)
    return world


def test_whatever_the_line_does_all_tills_are_in_step_and_nothing_is_lost() -> None:
    worlds = [play(seed) for seed in range(scale.pick(20, 200, 2_000))]
    told = Counter(told for w in worlds for a in w.agents.values() for told in a.told.values())
    assert min(told["ok"], told["refused"], told["surplus"]) >= len(worlds) // 4, told


def no_replies(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(TillBook, "kept", lambda *_: None)
    patch.setattr(TillBook, "keep", lambda *_: None)


def no_check(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(merge._Scene, "check", lambda *_: None)


def no_base_rule(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(replay, "base_of", lambda order, *_: order.rev if order else 0)


@pytest.mark.parametrize(("without", "first"), [(no_replies, 0), (no_check, 0), (no_base_rule, 40)])
def test_it_notices_what_is_taken_out(
    without: Callable[[pytest.MonkeyPatch], None], first: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the seed from which on it is tried at once, as far as one knows."""
    without(monkeypatch)
    with pytest.raises((AssertionError, KeyError)):
        for seed in range(first, first + 400):
            play(seed)
