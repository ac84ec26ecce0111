"""config.toml as frozen settings: every key, its type, its default and its own faults.

Keys are validated strictly: a wrong type or an unknown key is a fault, never a guess. Relative
paths start from the config file's folder, which the loader passes as validation context.
"""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import (
    PrivateAttr,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from passerelle.base.errors import ConfigError
from passerelle.base.language import _
from passerelle.config.alerts import Alerts
from passerelle.config.file import FILE_NAME
from passerelle.config.ledger import PASSWORD_KEY, Database, LedgerUrl, Place, SchemaName
from passerelle.config.orders import Fulfil, Orders
from passerelle.config.places import faults_of_places
from passerelle.config.pool import Pool
from passerelle.config.servers import Server
from passerelle.config.stock import Stock
from passerelle.config.sync import CONNECTORS, Connector, Sync, faults_of_syncs
from passerelle.config.tills import Tills
from passerelle.config.values import (
    Duration,
    Folder,
    Minutes,
    Names,
    Printable,
    Section,
    Size,
    printable,
)
from passerelle.model.location import ORIGIN, Location, channel_of

Key = tuple[str, ...]


class Trace(Section):
    """``[trace]``: when Trace1 and Trace2 move to ArchiveTrace."""

    max_size: Size = 1_000_000
    """When Trace1 or Trace2 is bigger, both move to ArchiveTrace.

    = …  # …
    """


class Archive(Section):
    """``[archive]``: where the archives are, and how long they are kept."""

    store: Literal["", "folder", "ledger"] = ""
    """Where ArchiveExport and ArchiveWithheld are: "folder" for folders of these names,
    "ledger" for the ledger's database, from which `passerelle archive export` writes them out.
    Empty: where the ledger is.

    = …  # of XMLs: "folder", or "ledger"; empty: where the ledger is
    """
    keep_exports: Duration = timedelta(days=730)
    """How long ArchiveExport is kept, and ArchiveWithheld, which holds goods alone. The first holds
    customers' addresses: no longer than needed.

    = …  # ArchiveExport holds customers' addresses: keep no longer than needed
    """
    keep_traces: Duration = timedelta(days=365)
    """How long ArchiveTrace is kept."""


class Schedule(Section):
    """``[schedule]``: at which minutes of each hour the runs start."""

    orders: Minutes = (27, 57)
    """The minutes of each hour at which `run orders` starts: after the shop wrote its orders,
    before the ERP imports. After a change: `passerelle schedule install`.

    = …  # after the shop wrote its orders, before the ERP imports
    """
    stock: Minutes = (19, 49)
    """The minutes of each hour at which `run stock` starts: after the ERP wrote its stock, before
    the shop sets its own. After a change: `passerelle schedule install`.

    = …  # after the ERP wrote its stock, before the shop sets its own
    """
    pool: Minutes = (18, 48)
    """The minutes of each hour at which `run pool` starts: after the shops wrote their orders and
    levels, before they set their own. After a change: `passerelle schedule install`.

    = …  # after the shops wrote orders and levels, before they set their own
    """
    tills: Minutes = (4, 14, 24, 34, 44, 54)
    """The minutes of each hour at which `run tills` starts, where there is [tills]: one of them
    before the ERP imports. After a change: `passerelle schedule install`.

    = …  # where there is [tills]: one of them before the ERP imports
    """


class Chain(Section):
    """``[chain]``: when shop and ERP act, as minutes of each hour, and how late each may be."""

    erp_takes_orders: Minutes = (0, 30)
    """The minutes of each hour at which the ERP imports the XML and deletes it.

    = …  # the ERP imports the XML and deletes it
    """
    erp_writes_stock: Minutes = (10, 40)
    """The minutes of each hour at which the ERP writes ExportCSV.

    = …  # the ERP writes ExportCSV
    """
    shop_takes_stock: Minutes = (20, 50)
    """The minutes of each hour at which the shop reads ExportCSVmod and deletes it.

    = …  # the shop reads ExportCSVmod and deletes it
    """
    grace: Duration = timedelta(minutes=10)
    """How late each of them may be, as in "10m".

    = …  # how late each may be
    """
    orders_quiet: Duration = timedelta(days=3)
    """An order CSV older than this is told: does the shop still export? As in "3d".

    = …  # an order CSV older than that is told: does the shop still export?
    """
    others: Names = ()
    """The clocks of others, by any name, such as "Atoo-Sync 25/55": `passerelle schedule disable`
    reminds of them, since it does not stop them.

    = …  # others' clocks, which `schedule disable` reminds of: ["Atoo-Sync 25/55"]
    """


class ShopFolders(Section):
    """``[shop]``: where the shop itself lies, for first aid."""

    cache: Folder = None
    """The folder, as "server:path", that holds the shop's cache `prod`, which `passerelle shop
    clear-cache` renames; mostly var/cache in the shop's folder.

    = …  # the folder that holds `prod`: "ftp:www/var/cache"
    """


class Report(Section):
    """``[report]``: the page that shows how it goes."""

    after_runs: bool = True
    """report.html is written after each run too.

    = …  # written after each run too
    """
    currency: Printable = "€"
    """The currency of the shop's prices, as the report shows it.

    = …  # of the shop's prices
    """


class Settings(Section):
    """The whole of config.toml. ``folder`` is absolute: ledger, traces and archives live there."""

    folder: Path = Path()
    """Where the ledger, Trace1, Trace2 and the archives live; relative to this file.

    = …  # the ledger, Trace1, Trace2 and the archives live here
    """
    language: Literal["auto", "fr", "en"] = "auto"
    """Of messages, traces, report and mails: "fr", "en", or "auto" for the system's.

    = …  # of messages, traces, report and mails: "fr", "en", or the system's
    """
    time_limit: Duration = timedelta(minutes=2)
    """How long a whole run may take, waits for servers included, as in "2m".

    = …  # a whole run, waits for servers included
    """
    ledger: LedgerUrl = ""
    """Where the ledger lies, if not in `folder`: "postgresql://user@host:5432/database", without a
    password. For many shops on several machines: docs/fleet.md.

    # ledger = "postgresql://user@host/database"  # not in `folder`, for many shops: docs/fleet.md
    """
    ledger_password: SecretStr = SecretStr("")
    """The database's: "keyring" (`passerelle secret set ledger_password`), or "env:NAME" for an
    environment variable. Without one, what PostgreSQL's own .pgpass holds.

    # ledger_password = "keyring"
    """
    ledger_schema: SchemaName = ""
    """The schema of the database that is this shop's alone. Empty: "shop_" and the name of this
    file, or of its folder where the file is called config.toml.

    # ledger_schema = ""  # of this shop alone; empty: "shop_" and this file's (or folder's) name
    """
    servers: dict[str, Server] = {}
    """The servers: any name, used below as "name:path".

    # --- Servers: any name; used below as "name:path"
    [ftp]
    """
    orders: Orders | None = None
    """# --- Orders: the shop's order CSV -> one sales XML in the ERP's import folder"""
    fulfil: Fulfil = Fulfil()
    """# --- Sales: each order's own sale, once it is paid (docs/fulfilment.md)"""
    stock: Stock | None = None
    """# --- Stock: the ERP's ExportCSV -> the ExportCSVmod that the shop's import reads"""
    pool: Pool | None = None
    """# --- One stock, several shops: see docs/pool.md. To use it, take the "# " off these lines
    # […]
    """
    connectors: dict[str, Connector] = {}
    """Systems with an HTTP API: any name, used in [sync.NAME] and, of an Odoo, in stock.from.

    # --- Stock of another system into Odoo: see docs/connectors.md. To use it, take the "# " off
    #   [connectors.zort]            # any name, used below
    #   kind = "zort"
    #   storename = "shop@example.com"
    #   apikey = "keyring"           # `passerelle secret set connectors.zort.apikey`
    #   apisecret = "keyring"
    #   rate = 1.0                   # requests a second at most

    # [odoo]
    """
    sync: dict[str, Sync] = {}
    """Levels of one system into another: any name.

    # [stock_th]  # any name; `passerelle jobs list` shows what became of its jobs"""
    tills: Tills | None = None
    """# --- Tills that share their open orders: see docs/tills.md. To use it, take the "# " off
    # […]
    """
    trace: Trace = Trace()
    """# --- Keeping"""
    archive: Archive = Archive()
    schedule: Schedule = Schedule()
    """
    # --- When the runs start: minutes of each hour; after a change, `passerelle schedule install`
    """
    chain: Chain = Chain()
    """[…]  # when the others act: `status`, `report` and alerts judge them by it"""
    shop: ShopFolders = ShopFolders()
    """[…]  # first aid for the shop: `passerelle shop clear-cache`"""
    report: Report = Report()
    """# --- Telling
    […]  # report.html, which `passerelle report --open` shows
    """
    alerts: Alerts = Alerts()
    """[…]  # whom to tell when something needs a person, and when it is over"""

    # As errors name it: in a fleet each shop's file has its own name.
    _file_name: str = PrivateAttr(FILE_NAME)

    def of_file(self, name: str) -> Self:
        """Remembers the ``name`` of the file that these settings were read from."""
        self._file_name = name
        return self

    @property
    def file_name(self) -> str:
        """The name of the file that these settings stand in."""
        return self._file_name

    @property
    def keeps_in_ledger(self) -> bool:
        """Whether the ledger keeps what would be in ArchiveExport and ArchiveWithheld."""
        return self.archive.store == "ledger" or bool(self.ledger and not self.archive.store)

    @property
    def ledger_at(self) -> Place:
        """Where the ledger is: the folder, or a database."""
        if not self.ledger:
            return self.folder
        return Database(self.ledger, self.ledger_schema, self.ledger_password)

    @property
    def needed_orders(self) -> Orders:
        """``[orders]``. Raises :class:`ConfigError` where there is none."""
        if self.orders is None:
            raise self._lacks(_("[orders] is missing"))
        return self.orders

    @property
    def needed_stock(self) -> Stock:
        """``[stock]``. Raises :class:`ConfigError` where there is none."""
        if self.stock is None:
            raise self._lacks(_("[stock] is missing"))
        return self.stock

    @property
    def needed_pool(self) -> Pool:
        """``[pool]``. Raises :class:`ConfigError` where there is none."""
        if self.pool is None:
            raise self._lacks(_("[pool] is missing"))
        return self.pool

    @property
    def needed_syncs(self) -> dict[str, Sync]:
        """``[sync.NAME]``, each. Raises :class:`ConfigError` where there is none."""
        if not self.sync:
            raise self._lacks(_("[sync.NAME] is missing"))
        return self.sync

    @property
    def needed_tills(self) -> Tills:
        """``[tills]``. Raises :class:`ConfigError` where there is none."""
        if self.tills is None:
            raise self._lacks(_("[tills] is missing"))
        return self.tills

    @property
    def needed_cache(self) -> Location:
        """``prod`` in the folder of ``[shop] cache``. Raises :class:`ConfigError` where none is."""
        if (cache := self.shop.cache) is None:
            mend = _('write the folder that holds prod: cache = "server:www/var/cache"')
            raise ConfigError(_("[shop] cache is missing"), self.file_name, mend)
        return Location(cache.server, f"{cache.path}/prod")

    def _lacks(self, what: str) -> ConfigError:
        return ConfigError(what, self.file_name, _("add it; `passerelle init` shows how"))

    @property
    def selling_channels(self) -> tuple[str, ...]:
        """The channels whose orders go to the ERP: the shop's, and each group of tills'."""
        groups = self.tills.groups if self.tills else ()
        return (self.needed_orders.channel, *map(channel_of, groups))

    @property
    def runs_after_tills(self) -> tuple[str, ...]:
        """The runs by which ERP and shops hear of what the tills did."""
        shops = self.pool.shops.values() if self.pool else ()
        is_shared = any(shop.orders_from.server == ORIGIN for shop in shops)
        # The shops first: what stands in a draft is to be off the web within seconds.
        return (*(["pool"] if is_shared else []), *(["tills"] if self.orders else []))

    @property
    def gift_card_ids(self) -> tuple[str, ...]:
        """The product ids of the gift cards, as far as the config names them."""
        return self.stock.gift_cards.ids if self.stock else ()

    def other_secrets(self) -> Iterator[str]:
        """The keys that hold another secret, as `passerelle secret set` takes them."""
        if self.ledger:
            yield PASSWORD_KEY
        for name, connector in self.connectors.items():
            yield from (f"connectors.{name}.{key}" for key in CONNECTORS[connector.kind].secrets)

    def written_places(self) -> Iterator[Location]:
        """The files that Passerelle gives to others, as config.toml names them."""
        if self.orders:
            yield self.orders.to
        if self.fulfil.enabled and self.fulfil.to:
            yield self.fulfil.to
        if self.stock:
            yield self.stock.to
        if self.pool:
            yield from (shop.stock_to for shop in self.pool.with_files.values())

    def level_files(self) -> Iterator[tuple[str, Stock]]:
        """The files of levels that runs publish, by their copies' names, and how they are read."""
        if self.stock:
            yield self.stock.to.name, self.stock
        for name, shop in self.pool.shops.items() if self.pool else ():
            if shop.stock_to:  # a shop that is tills has no files
                yield f"{name}_{shop.stock_to.name}", shop.levels_file

    def import_folders(self, server: str) -> set[str]:
        """The folders on a server from which the ERP imports whatever lies there."""
        places = (self.orders.to if self.orders else None, self.fulfil.to)
        return {place.folder for place in places if place and place.server == server}

    @model_validator(mode="before")
    @classmethod
    def _channel_in_names(cls, values: Any) -> Any:
        """``{channel}`` in the name of a file that we write, so that two may share a folder."""
        orders = values.get("orders") if isinstance(values, dict) else None
        if not isinstance(orders, dict):
            return values
        channel = orders.get("channel", "web")
        return values | {name: _with_channel(values[name], channel)
                         for name in ("orders", "fulfil", "stock") if name in values}  # fmt: skip

    @field_validator("folder", mode="before")
    @classmethod
    def _absolute(cls, value: Any, info: ValidationInfo) -> Path:
        base: Path = (info.context or {}).get("folder", Path())
        if not isinstance(value, str):
            raise ValueError(_("write a path between quotes"))
        return (base / printable(value)).absolute()

    @model_validator(mode="after")
    def _each_its_file(self) -> Self:
        """Two parties on one file would take each other's data for their own."""
        found = (
            *faults_of_places(self),
            *faults_of_syncs(self.connectors, self.sync),
            *_faults_of_groups(self.pool, self.tills),
        )
        if faults := [_fault_at(key, problem) for key, problem in found]:
            raise ValidationError.from_exception_data("config.toml", faults)
        return self

    @model_validator(mode="after")
    def _orders_to_fulfil(self) -> Self:
        if not self.fulfil.enabled:
            return self
        if self.orders is None:
            raise ValueError(_("[fulfil] is enabled and needs [orders]"))
        if not self.orders.columns.date or not self.orders.columns.status:
            problem = _("[fulfil] needs columns for date and status in [orders.columns]")
            raise ValueError(problem)
        return self

    @model_validator(mode="after")
    def _pool_beside_the_others(self) -> Self:
        if self.pool and self.pool.owner == "erp":
            self._check_pool_owner(self.pool)
        return self

    def _check_pool_owner(self, pool: Pool) -> None:
        if self.stock is None or self.orders is None:
            problem = _(
                'pool.owner = "erp" needs [stock] and [orders]: the ERP\'s levels and orders'
            )
            raise ValueError(problem)
        for name, shop in pool.with_files.items():
            if shop.orders_from != self.orders.source and shop.in_erp_after is None:
                problem = _(
                    "pool.shops.{name}.in_erp_after is missing: [orders] does not send this shop's "
                    "orders to the ERP, so say how long after an order the ERP's stock includes it"
                )
                raise ValueError(problem.format(name=name))


def _faults_of_groups(pool: Pool | None, tills: Tills | None) -> Iterator[tuple[Key, str]]:
    """Shops of the pool whose tills are none."""
    groups = tills.groups if tills else {}
    for name, shop in pool.of_tills.items() if pool else ():
        if shop.group not in groups:
            # Translators: there is no group at all
            known = ", ".join(groups) or _("none")
            problem = _('no group of tills is named "{name}" ([tills.groups]: {known})')
            key = ("pool", "shops", name, "orders_from")
            yield key, problem.format(name=shop.group, known=known)


def _fault_at(key: tuple[str, ...], problem: str) -> InitErrorDetails:
    # Without values to fill in, braces stay as they are.
    kind = PydanticCustomError("value_error", problem)
    return InitErrorDetails(type=kind, loc=key, input=None)


def _with_channel(section: Any, channel: Any) -> Any:
    if not isinstance(section, dict) or not isinstance(section.get("to"), str):
        return section
    return section | {"to": section["to"].replace("{channel}", str(channel))}
