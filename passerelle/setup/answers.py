"""Answers -> the keys of config.toml, and a short file with comments in the language spoken."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import quote

from msgspec import Struct, field

from passerelle.base.language import N_, _
from passerelle.config.columns import OrderColumns, StockColumns, What
from passerelle.config.faults import Key
from passerelle.config.load import load_config
from passerelle.config.model import Settings
from passerelle.config.servers import Server
from passerelle.config.shown import toml_key, toml_table, toml_value
from passerelle.model.location import clean_path

# What each table is for; of a server, whatever its name.
_TABLES: Mapping[str, str] = {
    "servers": N_("The server on which the shop and the ERP exchange files."),
    "orders": N_("Orders: the shop's CSV file becomes one sales XML in the ERP's import folder."),
    "orders.columns": N_("The columns of the order file whose names are not the usual ones."),
    "stock": N_("Stock: the ERP's file becomes the one that the shop's import reads."),
    "stock.columns": N_("The columns of the stock file whose names are not the usual ones."),
    "stock.gift_cards": N_("Gift cards are not in the ERP: the shop's import would set them to 0."),
}
_KEYS: Mapping[str, str] = {
    "password": N_("never the password itself: where it is kept"),
    "start_from": N_("older orders were handled by the previous system"),
    "store": N_("the store's number in the ERP"),
    "ids": N_("the gift cards' product ids in the shop"),
}
_COMMENT = 33


class SetupAnswers(Struct):
    """What people said, or what config.toml says already; ``server`` is its name there.

    ``password`` is what config.toml says of it, never the password itself. Places are written
    ``server:path``; an empty one leaves its section out. ``columns`` and ``separators`` are set
    where the defaults do not find them. ``others`` are further servers of config.toml.
    """

    language: str
    server: str = "ftp"
    url: str = ""
    password: str = ""
    places: dict[Key, str] = field(default_factory=dict)
    store: str = ""
    start_from: datetime | None = None
    cards: tuple[str, ...] = ()
    columns: dict[Key, Any] = field(default_factory=dict)
    others: Mapping[str, Server] = field(default_factory=dict)

    def shown(self, *key: str) -> str:
        """A place as people are asked for it: without the server that is asked for."""
        return self.places.get(key, "").removeprefix(f"{self.server}:")

    def placed(self, text: str, servers: Mapping[str, Server]) -> str:
        """``server:path`` of what people typed: a path, or that itself.

        Raises :class:`ValueError` for a path that leads nowhere.
        """
        name, colon, path = text.strip().partition(":")
        server, path = (name, path) if colon and name in servers else (self.server, text.strip())
        return f"{server}:{clean_path(path)}"

    def values(self) -> dict[Key, Any]:
        """By the keys of config.toml, table by table."""
        found: dict[Key, Any] = {
            ("language",): self.language,
            ("servers", self.server, "url"): self.url,
            ("servers", self.server, "password"): self.password,
            **self.places,
            ("orders", "store"): self.store,
            ("orders", "start_from"): self.start_from,
            ("stock", "gift_cards", "ids"): [*self.cards],
            **self.columns,
        }
        sections = {path[0] for path, place in self.places.items() if place}
        said = {
            path: value
            for path, value in found.items()
            if value or path in self.columns
            if path[0] not in ("orders", "stock") or path[0] in sections
        }
        return dict(sorted(said.items(), key=lambda pair: _place(pair[0])))


def _place(path: Key) -> tuple[int, int]:
    order = [*_TABLES]
    name = ".".join(path[:-1] if path[0] != "servers" else path[:1])
    return (order.index(name) if name else -1), len(path)


def answers_of(config: Path) -> SetupAnswers | None:
    """What a config.toml says already; ``None`` where there is none.

    Raises :class:`ConfigError` for one with faults.
    """
    if not config.is_file():
        return None
    settings = load_config(config)
    server = next(iter(settings.servers), "ftp")
    known = settings.servers.get(server)
    return SetupAnswers(
        language=settings.language,
        server=server,
        url=known.url if known else "",
        password=known.password.get_secret_value() if known else "",
        places={
            (what, key): str(place)
            for what, section in (("orders", settings.orders), ("stock", settings.stock))
            if section
            for key, place in (("from", section.source), ("to", section.to))
        },
        store=settings.orders.store if settings.orders else "",
        start_from=settings.orders.start_from if settings.orders else None,
        cards=settings.stock.gift_cards.ids if settings.stock else (),
        others={name: one for name, one in settings.servers.items() if name != server},
    )


def known_columns(config: Path, what: What) -> OrderColumns | StockColumns:
    """The names of columns that config.toml knows, or that every config.toml knows."""
    settings: Settings | None = load_config(config) if config.is_file() else None
    section = getattr(settings, what, None)
    if section:
        known: OrderColumns | StockColumns = section.columns
        return known
    return OrderColumns() if what == "orders" else StockColumns()


def missing_keys(answers: SetupAnswers | None) -> list[str]:
    """The keys that nobody but people can tell, and that are not there."""
    places = answers.places if answers else {}
    wanted = {"servers.NAME.url": answers.url if answers else ""}
    wanted |= {f"{what}.{key}": places.get((what, key), "") for what, key in _PLACES}
    return [name for name, value in wanted.items() if not value]


_PLACES = (("orders", "from"), ("orders", "to"), ("stock", "from"), ("stock", "to"))


def url_of(kind: str, host: str, user: str, folder: str) -> str:
    """A server's URL from what people know of it; ``host`` may end in a port."""
    named = f"{quote(user, safe='')}@" if user else ""
    return f"{kind}://{named}{host}/{quote(folder.strip('/'))}"


def new_config(values: Mapping[Key, Any]) -> str:
    """A config.toml of these keys, by table, which says in people's language what they are."""
    return "".join(f"{line}\n" for line in _lines(values))


def _lines(values: Mapping[Key, Any]) -> Iterator[str]:
    yield "#:schema ./config.schema.json"
    yield ""
    yield "# " + _("Written by `passerelle setup`. What does not stand here is as usual:")
    yield "# " + _("`passerelle config show` shows it all, `passerelle setup` asks again.")
    for table, keys in groupby(values, key=lambda path: path[:-1]):
        yield ""
        if table:
            said = _TABLES[".".join(table if table[0] != "servers" else table[:1])]
            yield from (f"# {_(said)}", toml_table(table))
        for path in keys:
            line = f"{toml_key(path[-1])} = {toml_value(values[path])}"
            said = _KEYS.get(path[-1], "")
            yield f"{line:<{_COMMENT - 1}} # {_(said)}" if said else line
