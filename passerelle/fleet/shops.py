"""The shops of a fleet: a folder with a config.toml for each, read anew when one changes."""

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from msgspec import Struct, field
from msgspec.structs import replace

from passerelle.base.errors import ConfigError, PasserelleError
from passerelle.base.language import _, speak, spoken
from passerelle.config.ledger import FLEET_SCHEMA, Database, shop_name
from passerelle.config.load import load_config
from passerelle.config.model import Settings

# A look at a thousand files takes some milliseconds: not before each run.
_FRESH = 10.0
Mark = tuple[str, object]


class FleetShop(Struct, frozen=True):
    """A shop by its name, which is its file's, or its folder's; what is wrong with its config."""

    name: str
    config: Path
    settings: Settings | None = None
    fault: PasserelleError | None = None

    @property
    def fault_in_words(self) -> str:
        """In one line, with the first of its config's faults."""
        faults = self.fault.faults if isinstance(self.fault, ConfigError) else ()
        return _(": ").join((str(self.fault), *faults[:1]))


class Shops(Struct):
    """The shops below ``folder``: ``NAME.toml``, or ``NAME/config.toml``."""

    folder: Path
    _read: dict[Path, tuple[tuple[int, int], FleetShop]] = field(default_factory=dict)
    _seen: tuple[float, Mapping[str, FleetShop]] | None = None

    def now(self) -> Mapping[str, FleetShop]:
        """The shops by name; one whose config cannot be used has a fault, and hinders no other.

        Raises :class:`ConfigError` where there is none at all.
        """
        found = [self._shop(path) for path in sorted(self._configs())]
        if not found:
            what = _("no shop is there")
            mend = _("each shop is a file NAME.toml, or a folder NAME with a config.toml")
            raise ConfigError(what, str(self.folder), mend)
        shops = {shop.name: shop for shop in _in_one_database(_without_clashes(found))}
        self._seen = (time.monotonic(), shops)
        return shops

    def shop(self, name: str) -> FleetShop | None:
        """One of them, as it was a moment ago. Raises as :meth:`now` does."""
        if self._seen is None or time.monotonic() - self._seen[0] > _FRESH:
            return self.now().get(name)
        return self._seen[1].get(name)

    def _configs(self) -> Iterator[Path]:
        for path in (*self.folder.glob("*.toml"), *self.folder.glob("*/config.toml")):
            # Editors keep such files beside those that are open.
            if not path.relative_to(self.folder).parts[0].startswith("."):
                yield path

    def _shop(self, path: Path) -> FleetShop:
        try:
            stat = path.stat()
        except OSError as error:
            fault = ConfigError(_("cannot read the configuration"), str(path), error.strerror or "")
            return FleetShop(shop_name(path), path, fault=fault)
        state = (stat.st_mtime_ns, stat.st_size)
        if (known := self._read.get(path)) and known[0] == state:
            return known[1]
        shop = _load(path, self.folder)
        self._read[path] = (state, shop)
        return shop


def _load(path: Path, folder: Path) -> FleetShop:
    """The shop's config says its own language; what is said of all shops keeps its."""
    name = shop_name(path) if path.parent != folder else path.stem
    language = spoken()
    try:
        settings = load_config(path)
        return FleetShop(name, path, settings, _fault_of(settings, path, name))
    except PasserelleError as error:
        return FleetShop(name, path, fault=error)
    finally:
        speak(language)


def _fault_of(settings: Settings, path: Path, name: str) -> ConfigError | None:
    """Why a shop cannot be worked on by whichever machine is free."""
    if "." in name or (name == "config" and path.parent.name != "config"):
        what = _("this is no shop's file, but a copy of one, or one without a name")
        mend = _("name it NAME.toml, without another dot, or take it away")
        return ConfigError(what, str(path), mend)
    if not settings.ledger:
        mend = _("`passerelle ledger copy --to URL`, then write that URL as `ledger`")
        return ConfigError(_("the ledger is on one machine's disk"), str(path), mend)
    if settings.archive.store == "folder":
        mend = _('write [archive] store = "ledger", or leave it out')
        return ConfigError(_("the XMLs are on one machine's disk"), str(path), mend)
    if settings.tills:
        mend = _("run this shop on the machine of its till server, by the Task Scheduler")
        return ConfigError(_("[tills] keeps its book on one machine's disk"), str(path), mend)
    return None


def _without_clashes(shops: list[FleetShop]) -> Iterator[FleetShop]:
    """Two with one ledger, one folder or one name would take each other's for their own.

    Nobody but a person knows which of the two is meant: neither is worked on.
    """
    owners: dict[Mark, list[FleetShop]] = {}
    for shop in shops:
        for mark in _marks(shop):
            owners.setdefault(mark, []).append(shop)
    for shop in shops:
        alike = (other for mark in _marks(shop) for other in owners[mark] if other is not shop)
        other = next(alike, None)
        if other is None:
            yield shop
            continue
        what = _("{name} has the folder, the ledger or the name of {other}")
        mend = _("give each shop its own `folder`, and its own `ledger_schema`")
        what = what.format(name=shop.config.name, other=other.config)
        # Both are told, also where they have one name.
        name = shop.name if shop.name != other.name else str(shop.config.relative_to(
            shop.config.parents[1]))  # fmt: skip
        yield replace(shop, name=name, fault=ConfigError(what, str(shop.config), mend))


def _marks(shop: FleetShop) -> Iterator[Mark]:
    if shop.settings is None or shop.fault:
        return
    yield "name", shop.name.lower()
    yield "folder", shop.settings.folder
    yield "ledger", (_address(shop.settings.ledger), shop.settings.ledger_schema)


def _address(url: str) -> tuple[str, int, str]:
    """A database's host, port and name, however its URL spells them."""
    parts = urlsplit(url)
    return (parts.hostname or "").lower(), parts.port or 5432, parts.path


def _in_one_database(shops: Iterator[FleetShop]) -> Iterator[FleetShop]:
    """A fleet has one queue, beside the ledgers: it is where most shops have theirs."""
    found = list(shops)
    usable = [shop.settings.ledger for shop in found if shop.settings and not shop.fault]
    most = Counter(map(_address, usable)).most_common(1)
    for shop in found:
        settings = shop.settings
        if settings and not shop.fault and _address(settings.ledger) != most[0][0]:
            what = _("its ledger is in another database than those of most shops")
            mend = _("write the same `ledger` in each; a fleet has one queue")
            yield replace(shop, fault=ConfigError(what, str(shop.config), mend))
        else:
            yield shop


def database_of(shops: Mapping[str, FleetShop]) -> Database:
    """Where the queue is: in the one database of all the shops' ledgers.

    Raises :class:`ConfigError` where no shop has one that can be used.
    """
    for shop in shops.values():
        at = shop.settings.ledger_at if shop.settings and not shop.fault else None
        if isinstance(at, Database):
            return Database(at.url, FLEET_SCHEMA, at.secret)
    some = next(iter(shops.values()))
    raise some.fault or ConfigError(_("no shop can be worked on"), str(some.config))
