"""``[connectors.NAME]``, ``[sync.NAME]``: systems with an HTTP API, what goes between them."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, Literal, NamedTuple, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from passerelle.base.language import _
from passerelle.config.values import Names, Printable, Section, Wait


class ConnectorKind(NamedTuple):
    """``adapter`` is the module below ``passerelle.connectors`` and its class, imported when used.

    ``keys`` of ``[connectors.NAME]`` mean something for this kind alone; ``needed`` it cannot do
    without. ``secrets`` are those that ``passerelle secret set`` keeps.
    """

    adapter: str
    keys: tuple[str, ...]
    needed: tuple[str, ...]
    secrets: tuple[str, ...]


CONNECTORS: Mapping[str, ConnectorKind] = {
    "zort": ConnectorKind(
        "zort:ZortConnector",
        ("storename", "apisecret", "rate"),
        ("storename", "apikey", "apisecret"),
        ("apikey", "apisecret"),
    ),
    "odoo": ConnectorKind(
        "odoo:OdooConnector",
        ("database", "login", "protocol", "request_limit"),
        ("url", "database", "apikey"),
        ("apikey",),
    ),
}
ZORT_URL = "https://open-api.zortout.com/v4"


class Connector(Section):
    """``[connectors.NAME]``: a system with an HTTP API, and how to speak with it."""

    kind: Literal["zort", "odoo"]
    """"zort" (API V4) or "odoo" (16 to 19).

    = "odoo"  # "zort" or "odoo"
    """
    url: str = ""
    """Where its API is: https://erp.example.com. ZORT's own, where it is left out.

    = "https://erp.example.com"  # may be left out for ZORT
    """
    apikey: SecretStr = SecretStr("")
    """"keyring" (`passerelle secret set connectors.NAME.apikey`), "env:NAME" for an environment
    variable, or the key itself.

    = "keyring"  # "keyring": `passerelle secret set connectors.odoo.apikey` · "env:NAME"
    """
    timeout: Wait = timedelta(seconds=60)
    """How long one answer to a question may take, as in "60s".

    = …  # how long one answer to a question may take
    """
    storename: Printable = ""
    """ZORT: the store's name, as its API settings show it.

    = -
    """
    apisecret: SecretStr = SecretStr("")
    """ZORT: the API secret, written as `apikey` is.

    = -
    """
    rate: float = Field(default=1.0, ge=0.01, le=100)
    """ZORT: how many requests a second at most.

    = -
    """
    database: Printable = ""
    """Odoo: the database's name.

    = "prod"
    """
    login: Printable = ""
    """Odoo: the user that the key belongs to; JSON-RPC asks for it.

    = "passerelle"
    """
    protocol: Literal["auto", "json2", "jsonrpc"] = "auto"
    """Odoo: "json2" (from 19 on), "jsonrpc" (16 to 18), or "auto".

    = …  # "json2" from Odoo 19 on, "jsonrpc" for 16 to 18
    """
    request_limit: int = Field(default=120, ge=1, le=86400)
    """Odoo: its limit_time_real in seconds. A request whose answer was lost may be carried out
    until then.

    = …  # its limit_time_real, in seconds
    """

    @field_validator("apikey", "apisecret", mode="before")
    @classmethod
    def _as_secret(cls, value: Any) -> Any:
        return SecretStr(value) if isinstance(value, str) else value

    @field_validator("url")
    @classmethod
    def _known_url(cls, url: str) -> str:
        try:
            parts = urlsplit(url)
            is_web = parts.scheme in ("http", "https") and bool(parts.hostname)
            is_bare = "@" not in parts.netloc and not parts.query and not parts.fragment
            str(parts.port)  # raises for one that is none
        except ValueError:
            is_web = is_bare = False
        if not (is_web and is_bare):
            # Not told: somebody may have written a key in it.
            raise ValueError(_('write it like "https://erp.example.com", without keys in it'))
        return url.rstrip("/")

    @model_validator(mode="after")
    def _of_its_kind(self) -> Self:
        kind = CONNECTORS[self.kind]
        foreign = {key for name, one in CONNECTORS.items() if name != self.kind for key in one.keys}
        if wrong := sorted(self.model_fields_set & foreign):
            problem = _('kind = "{kind}" has no {keys}')
            raise ValueError(problem.format(kind=self.kind, keys=", ".join(wrong)))
        if missing := [key for key in kind.needed if not self._is_given(key)]:
            problem = _('kind = "{kind}" needs {keys}')
            raise ValueError(problem.format(kind=self.kind, keys=", ".join(missing)))
        if self.kind == "odoo" and self.protocol == "jsonrpc" and not self.login:
            raise ValueError(_('protocol = "jsonrpc" needs login'))
        return self

    def _is_given(self, key: str) -> bool:
        value = getattr(self, key)
        return bool(value.get_secret_value() if isinstance(value, SecretStr) else value)

    @property
    def address(self) -> str:
        """Where it is, in one spelling; one address and database are one system."""
        return f"{self.url or ZORT_URL}/{self.database}".rstrip("/").lower()


class Sync(Section):
    """``[sync.NAME]``: levels of one system, to be those of another."""

    source: str = Field(alias="from")
    """The connector whose levels count: its name.

    = "zort"  # whose levels count
    """
    to: str
    """The connector that gets them.

    = "odoo"  # which gets them
    """
    enabled: bool = True
    """false: no jobs are made.

    = …  # false: no jobs are made
    """
    every: int = Field(default=10, ge=1, le=1440)
    """The minutes from one job to the next. After a change: `passerelle schedule install`.

    = …  # minutes from one job to the next
    """
    warehouses: Names = ()
    """The source's warehouses by their codes, summed; none for all of them.

    = …  # ZORT's warehouse codes; their levels are summed; [] = all
    """
    company: Printable = "My Company"
    """Odoo's company: only its products and its location are written.

    = …  # …
    """
    location: Printable = "WH/Stock"
    """Odoo's location by its complete name: internal, and the company's.

    = …  # complete name; internal; of that company
    """
    level: Literal["stock", "availablestock"] = "stock"
    """Which of ZORT's two levels counts; Odoo has what is on hand: "stock".

    = …  # or "availablestock"
    """
    skus: Names = ()
    """Only these SKUs; none for all.

    = …  # [] = all
    """
    match: Literal["default_code", "barcode"] = "default_code"
    """Odoo's field that holds ZORT's SKU.

    = …  # or "barcode"
    """
    batch: int = Field(default=100, ge=1, le=500)
    """How many levels one request writes.

    = …  # levels in one request
    """
    max_drop: float = Field(default=0.30, ge=0, le=1)
    """The share of the items in stock that one job may set to 0, and by which the number of
    products may fall: 0.30 is 30 %. A job that would do more is held.

    = 0.30  # more of the items in stock going to 0: the job is held
    """
    max_change: float = Field(default=0.50, ge=0, le=1)
    """The share of the products whose level one job may change, from the second one that is done
    on. A job that would change more is held.

    = 0.50  # more of the products changed, from the second job on: held
    """

    @field_validator("skus", "warehouses")
    @classmethod
    def _no_blanks(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        # They stand in a header of ZORT's, parted by commas.
        if any(not name.strip() or "," in name or not name.isprintable() for name in names):
            raise ValueError(_("write each by itself, without commas"))
        return tuple(dict.fromkeys(name.strip() for name in names))


def faults_of_syncs(
    connectors: Mapping[str, Connector], syncs: Mapping[str, Sync]
) -> Iterator[tuple[tuple[str, ...], str]]:
    """What is wrong between the tables, with the key that it is about."""
    for name, sync in syncs.items():
        for key, kind, at in (("from", "zort", sync.source), ("to", "odoo", sync.to)):
            if at not in connectors or connectors[at].kind != kind:
                known = [n for n, one in connectors.items() if one.kind == kind]
                problem = _('no connector of kind "{kind}" is named "{name}" (there are: {known})')
                told = problem.format(kind=kind, name=at, known=", ".join(known) or _("none"))
                yield ("sync", name, key), told
        for other in list(syncs)[: list(syncs).index(name)]:
            if _is_same(sync, syncs[other], connectors):
                problem = _("[sync.{other}] writes the same levels: name other skus or a location")
                yield ("sync", name, "to"), problem.format(other=other)


def _is_same(one: Sync, other: Sync, connectors: Mapping[str, Connector]) -> bool:
    at, there = (connectors[s.to].address if s.to in connectors else s.to for s in (one, other))
    if (at, one.company, one.location) != (there, other.company, other.location):
        return False
    return not one.skus or not other.skus or not set(one.skus).isdisjoint(other.skus)
