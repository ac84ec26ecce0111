"""The shops of a fleet: a folder with a config.toml for each, read anew when one changes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from passerelle.base.errors import ConfigError, PasserelleError
from passerelle.base.language import _
from passerelle.config.ledger import Database, shop_name
from passerelle.config.load import load_config
from passerelle.config.model import Settings

# Beside the shops' schemas, in the same database.
SCHEMA = "passerelle_fleet"


@dataclass(frozen=True, slots=True)
class FleetShop:
    """A shop by its name, which is its file's, or its folder's; what is wrong with its config."""

    name: str
    config: Path
    settings: Settings | None = None
    fault: PasserelleError | None = None


@dataclass(slots=True)
class Shops:
    """The shops below ``folder``: ``NAME.toml``, or ``NAME/config.toml``."""

    folder: Path
    _read: dict[Path, tuple[tuple[int, int], FleetShop]] = field(default_factory=dict)

    def now(self) -> Mapping[str, FleetShop]:
        """The shops by name; one whose config cannot be used has a fault, and hinders no other.

        Raises :class:`ConfigError` where there is none at all.
        """
        found = [self._shop(path) for path in sorted(self._configs())]
        if not found:
            what = _("no shop is there")
            mend = _("each shop is a file NAME.toml, or a folder NAME with a config.toml")
            raise ConfigError(what, str(self.folder), mend)
        return {shop.name: shop for shop in _without_clashes(found)}

    def shop(self, name: str) -> FleetShop | None:
        """One of them, without a look at the others."""
        for path in (self.folder / f"{name}.toml", self.folder / name / "config.toml"):
            if path.is_file():
                return self._shop(path)
        return None

    @property
    def are_there(self) -> bool:
        """Whether the folder, which may be a share, has any at all."""
        return any(self._configs())

    def _configs(self) -> Iterator[Path]:
        yield from (path for path in self.folder.glob("*.toml") if path.name != "config.toml")
        yield from self.folder.glob("*/config.toml")

    def _shop(self, path: Path) -> FleetShop:
        try:
            stat = path.stat()
        except OSError as error:
            fault = ConfigError(_("cannot read the configuration"), str(path), error.strerror or "")
            return FleetShop(shop_name(path), path, fault=fault)
        state = (stat.st_mtime_ns, stat.st_size)
        if (known := self._read.get(path)) and known[0] == state:
            return known[1]
        shop = _load(path)
        self._read[path] = (state, shop)
        return shop


def _load(path: Path) -> FleetShop:
    try:
        settings = load_config(path)
        return FleetShop(shop_name(path), path, settings, _fault_of(settings, path))
    except PasserelleError as error:
        return FleetShop(shop_name(path), path, fault=error)


def _fault_of(settings: Settings, path: Path) -> ConfigError | None:
    """Why a shop cannot be worked on by whichever machine is free."""
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
    """Two shops with one ledger, one folder or one name would take each other's for their own."""
    seen: dict[object, FleetShop] = {}
    for shop in shops:
        settings = shop.settings
        marks: list[object] = [shop.name.lower()]
        if settings:
            marks += [settings.folder, (settings.ledger, settings.ledger_schema)]
        other = next((seen[mark] for mark in marks if mark in seen), None)
        if other is None:
            seen |= dict.fromkeys(marks, shop)
            yield shop
        else:
            what = _("{name} has the folder, the ledger or the name of {other}")
            mend = _("give each shop its own `folder`, and its own `ledger_schema`")
            what = what.format(name=shop.config.name, other=other.config)
            name = f"{shop.name} ({shop.config})" if shop.name in seen else shop.name
            yield FleetShop(name, shop.config, settings, ConfigError(what, str(shop.config), mend))


def database_of(shops: Mapping[str, FleetShop]) -> Database:
    """Where the queue is: in the one database of all the shops' ledgers.

    Raises :class:`ConfigError` where no shop has one, or not all have the same.
    """
    usable = [shop for shop in shops.values() if shop.settings and not shop.fault]
    if not usable:
        some = next(iter(shops.values()))
        raise some.fault or ConfigError(_("no shop can be worked on"), str(some.config))
    first = usable[0]
    for shop in usable:
        if _address(shop) != _address(first):
            raise ConfigError(
                _("not all shops have the same database"),
                f"{first.config}, {shop.config}",
                _("write the same `ledger` in each; a fleet has one queue"),
            )
    at = first.settings.ledger_at if first.settings else None
    if not isinstance(at, Database):
        raise AssertionError(at)
    return Database(at.url, SCHEMA, at.secret)


def _address(shop: FleetShop) -> object:
    settings = shop.settings
    return settings and (settings.ledger, settings.ledger_password.get_secret_value())
