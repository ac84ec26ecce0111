"""config.toml as frozen settings: every key, its type, its default and its own faults.

Keys are validated strictly: a wrong type or an unknown key is a fault, never a guess. Relative
paths start from the config file's folder, which the loader passes as validation context.
"""

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self
from urllib.parse import SplitResult, unquote, urlsplit

from pydantic import (
    Field,
    SecretStr,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from passerelle.base.language import _
from passerelle.config import written
from passerelle.config.columns import OrderColumns, StockColumns
from passerelle.config.pool import Pool, check_pool
from passerelle.config.texts import (
    DateFormat,
    Encoding,
    Printable,
    Separator,
    WrittenEncoding,
    printable,
)
from passerelle.config.types import (
    Duration,
    FilePath,
    Folder,
    LocalTime,
    Minutes,
    Names,
    Place,
    ProductIds,
    Section,
    Size,
    Wait,
)
from passerelle.model.location import Location, has_control
from passerelle.model.servers import KINDS

CANONICAL_ELEMENTS = (
    *("orders", "store", "generated", "count", "order", "id", "reference", "date", "status"),
    *("customer", "first_name", "last_name", "company", "email", "phone", "address1", "address2"),
    *("postcode", "city", "country", "payment", "voucher", "shipping", "carrier", "discount"),
    *("total_paid", "lines", "line", "ean13", "product_id", "product_reference", "product_name"),
    *("quantity", "unit_price", "vat_rate", "amount"),
)
# A sale has what an order has, without the list around it.
SALE_ELEMENTS = (
    *("sale", "document", "vat_number"),
    *(name for name in CANONICAL_ELEMENTS if name not in ("orders", "count", "order")),
)
# https://www.w3.org/TR/xml/#NT-NameStartChar, as far as European languages need it
_LETTERS = "A-Z_a-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff"
_XML_NAME = re.compile(f"[{_LETTERS}][{_LETTERS}0-9.\u00b7-]*")
_XmlNames = Annotated[
    dict[str, str],
    WithJsonSchema(written.table(CANONICAL_ELEMENTS, f"^{_XML_NAME.pattern}$")),
]
_SaleNames = Annotated[
    dict[str, str],
    WithJsonSchema(written.table(SALE_ELEMENTS, f"^{_XML_NAME.pattern}$")),
]


def _folder_url(path: str, info: ValidationInfo) -> str:
    """A plain folder as a URL; what looks like a mistyped URL is none, and may hold a password."""
    if ":" in path[2:]:
        problem = _('write a server as "ftp://user@host/folder", or a folder without ":"')
        raise ValueError(problem)
    folder: Path = (info.context or {}).get("folder", Path())
    return (folder / path).absolute().as_uri()


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        str(parts.hostname)  # raises for one that is none
        return parts
    except ValueError:
        # Its message shows the URL, in which somebody may have written a password.
        raise ValueError(_('this is no URL, as in "ftp://user@host:21/folder"')) from None


class Server(Section):
    """``[servers.NAME]``: where a server is and how to speak with it."""

    url: Annotated[str, written.URL]
    password: SecretStr = SecretStr("")
    passive: bool = True
    timeout: Wait = timedelta(seconds=20)
    publish: Literal["rename", "direct"] = "rename"
    known_hosts: FilePath = None
    key_file: FilePath = None
    verify_tls: bool = True
    settle: Duration = timedelta(seconds=2)

    @field_validator("password", mode="before")
    @classmethod
    def _as_secret(cls, value: Any) -> Any:
        return SecretStr(value) if isinstance(value, str) else value

    @field_validator("url")
    @classmethod
    def _known_url(cls, url: str, info: ValidationInfo) -> str:
        if has_control(unquote(url)):
            raise ValueError(_("a URL cannot hold line ends or other control characters"))
        if "://" not in url:
            return _folder_url(url, info)
        if url.count("://") > 1:
            raise ValueError(_('"://" stands in it twice; write "ftp://user@host:21/folder"'))
        parts = _split(url)
        if parts.scheme not in KINDS:
            problem = _('"{scheme}://" is unknown; use {known}')
            raise ValueError(problem.format(scheme=parts.scheme, known=", ".join(KINDS)))
        if parts.password is not None:
            raise ValueError(_('the password does not belong in the URL; give it as "password"'))
        if parts.scheme != "file" and not parts.hostname:
            problem = _('the host is missing, as in "{scheme}://user@host/folder"')
            raise ValueError(problem.format(scheme=parts.scheme))
        if parts.scheme != "file" and ".." in unquote(parts.path).split("/"):
            raise ValueError(_('name the folder itself, without ".."'))
        try:
            str(parts.port)  # raises for one that is none
        except ValueError:
            raise ValueError(_("the port is no number from 1 to 65535")) from None
        return url


class Withhold(Section):
    """``[orders.withhold]``: which orders the store enters by hand because of gift cards."""

    payments: Names = ("bon cadeau", "carte cadeau", "chèque cadeau", "gift card")
    vouchers: Names = ()


class WrittenXml(Section):
    """How an XML for the ERP is written; ``elements`` are those of its canonical tree."""

    elements: ClassVar[tuple[str, ...]] = ()

    encoding: WrittenEncoding = "UTF-8"
    decimal: Literal[".", ","] = "."
    date_format: DateFormat = "%Y-%m-%dT%H:%M:%S"
    stylesheet: FilePath = None
    names: dict[str, str] = {}
    payments: dict[str, Printable] = {}

    @field_validator("names")
    @classmethod
    def _xml_names(cls, names: dict[str, str]) -> dict[str, str]:
        for canonical, name in names.items():
            if canonical not in cls.elements:
                problem = _('"{name}" is no canonical element (they are: {known})')
                known = ", ".join(cls.elements)
                raise ValueError(problem.format(name=canonical, known=known))
            if not _XML_NAME.fullmatch(name):
                problem = _('"{name}" cannot be the name of an XML element')
                raise ValueError(problem.format(name=name))
        return names

    @model_validator(mode="after")
    def _names_in_encoding(self) -> Self:
        """Unlike texts, element names cannot be written as references."""
        for name in self.names.values():
            try:
                name.encode(self.encoding)
            except UnicodeEncodeError as error:
                problem = _('the name "{name}" cannot be written in {encoding}')
                raise ValueError(problem.format(name=name, encoding=self.encoding)) from error
        return self


class Xml(WrittenXml):
    """``[orders.xml]``: how the sales XML is written."""

    elements = CANONICAL_ELEMENTS

    names: _XmlNames = {}
    schema_file: FilePath = Field(default=None, alias="schema")


class SaleXml(WrittenXml):
    """``[fulfil.xml]``: how the XML of one sale is written."""

    elements = SALE_ELEMENTS

    names: _SaleNames = {}


class Orders(Section):
    """``[orders]``: from the shop's order CSV to the ERP's sales XML."""

    source: Place = Field(alias="from")
    to: Place
    start_from: LocalTime | None = None
    channel: Printable = "web"
    store: Printable = ""
    encoding: Encoding = "auto"
    separator: Separator = "auto"
    final_newline: bool = True
    send_statuses: Names = ()
    cancelled_statuses: Names = (
        *("Annulé", "Remboursé", "Remboursement", "Erreur de paiement"),
        *("Canceled", "Refunded", "Payment error"),
    )
    columns: OrderColumns = OrderColumns()
    withhold: Withhold = Withhold()
    xml: Xml = Xml()

    @field_validator("to")
    @classmethod
    def _only_time(cls, to: Any) -> Any:
        bare = to.path.replace("{time}", "")
        if "{" in bare or "}" in bare or "{" in to.folder:
            raise ValueError(_("{time}, in the file's name, is the only placeholder"))
        return to

    @model_validator(mode="after")
    def _dates_for_start(self) -> Self:
        if self.start_from and not self.columns.date:
            raise ValueError(_("start_from needs a column for the date in [orders.columns]"))
        return self


class Fulfil(Section):
    """``[fulfil]``: the sale of each order, issued to the ERP once its status allows it."""

    enabled: bool = False
    when_statuses: Names = (
        *("Paiement accepté", "Paiement à distance accepté"),
        *("Payment accepted", "Remote payment accepted"),
    )
    document: Literal["auto", "invoice", "receipt"] = "auto"
    to: Place | None = None
    start_from: LocalTime | None = None
    order: Literal["oldest", "newest"] = "oldest"
    repeat: Literal["remember", "again"] = "remember"
    refused: Folder = None
    xml: SaleXml = SaleXml()

    @field_validator("to")
    @classmethod
    def _names_that_differ(cls, to: Any) -> Any:
        """The ERP's refusals are told by name, so no two sales may have the same."""
        if to is None:
            return to
        bare = to.name.replace("{time}", "").replace("{id}", "")
        if "{time}" not in to.name or "{" in bare + to.folder or "}" in bare + to.folder:
            problem = _("{time} must stand in the file's name; beside it only {id} may")
            raise ValueError(problem)
        return to

    @field_validator("when_statuses")
    @classmethod
    def _are_statuses(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if not all(name.strip() for name in names):
            raise ValueError(_("a status is empty"))
        return names

    @model_validator(mode="after")
    def _complete(self) -> Self:
        missing = [
            key
            for key, value in (
                ("to", self.to),
                ("when_statuses", self.when_statuses),
                ("start_from", self.start_from),
            )
            if not value
        ]
        if self.enabled and missing:
            problem = _("fulfilment is enabled and needs {keys}")
            raise ValueError(problem.format(keys=", ".join(missing)))
        if self.to and self.refused == Location(self.to.server, self.to.folder):
            raise ValueError(_("refused is the folder of to: what lies there is not answered yet"))
        return self


class GiftCards(Section):
    """``[stock.gift_cards]``: products that only the shop knows and the import must not zero."""

    column: str = "ID"
    ids: ProductIds = ()
    quantity: int = Field(default=999, ge=0, le=2**31 - 1)
    fill: dict[str, Printable] = {}


class Guards(Section):
    """``[stock.guards]``: when the ERP's file is not good enough to publish."""

    max_age: Duration = timedelta(minutes=25)
    max_drop: float = Field(default=0.30, ge=0, le=1)
    min_lines: int = Field(default=1, ge=0)
    final_newline: bool = True


class Stock(Section):
    """``[stock]``: from the ERP's stock to the file the shop's import reads."""

    source: Place = Field(alias="from")
    to: Place
    encoding: Encoding = "auto"
    separator: Separator = "auto"
    missed_sales: Literal["zero", "remove", "subtract"] = "zero"
    withheld_is_missed: bool = True
    columns: StockColumns = StockColumns()
    gift_cards: GiftCards = GiftCards()
    guards: Guards = Guards()


class Trace(Section):
    """``[trace]``: when Trace1 and Trace2 move to ArchiveTrace."""

    max_size: Size = 1_000_000


class Archive(Section):
    """``[archive]``: how long the archives are kept."""

    keep_exports: Duration = timedelta(days=730)
    keep_traces: Duration = timedelta(days=365)


class Schedule(Section):
    """``[schedule]``: at which minutes of each hour the runs start."""

    orders: Minutes = (27, 57)
    stock: Minutes = (19, 49)
    pool: Minutes = (18, 48)


class Chain(Section):
    """``[chain]``: when shop and ERP act, as minutes of each hour, and how late each may be."""

    erp_takes_orders: Minutes = (0, 30)
    erp_writes_stock: Minutes = (10, 40)
    shop_takes_stock: Minutes = (20, 50)
    grace: Duration = timedelta(minutes=10)
    orders_quiet: Duration = timedelta(days=3)


class Report(Section):
    """``[report]``: the page that shows how it goes."""

    after_runs: bool = True
    currency: Printable = "€"


class Alerts(Section):
    """``[alerts]``: whom to tell when a run fails or holds; addresses as apprise takes them."""

    urls: tuple[SecretStr, ...] = ()

    @field_validator("urls", mode="before")
    @classmethod
    def _as_secrets(cls, value: Any) -> Any:
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            problem = _('write a list of addresses, like ["mailto://user:word@example.com"]')
            raise ValueError(problem)
        return tuple(SecretStr(item) for item in value)


class Settings(Section):
    """The whole of config.toml. ``folder`` is absolute: ledger, traces and archives live there."""

    folder: Path = Path()
    language: Literal["auto", "fr", "en"] = "auto"
    time_limit: Duration = timedelta(minutes=2)
    servers: dict[str, Server] = {}
    orders: Orders | None = None
    fulfil: Fulfil = Fulfil()
    stock: Stock | None = None
    pool: Pool | None = None
    trace: Trace = Trace()
    archive: Archive = Archive()
    schedule: Schedule = Schedule()
    chain: Chain = Chain()
    report: Report = Report()
    alerts: Alerts = Alerts()

    @field_validator("folder", mode="before")
    @classmethod
    def _absolute(cls, value: Any, info: ValidationInfo) -> Path:
        base: Path = (info.context or {}).get("folder", Path())
        if not isinstance(value, str):
            raise ValueError(_("write a path between quotes"))
        return (base / printable(value)).absolute()

    @model_validator(mode="after")
    def _four_files(self) -> Self:
        """Two parties on one file would take each other's data for their own."""
        sections = {"orders": self.orders, "stock": self.stock}
        taken: dict[Location, str] = {}
        for name, section in sections.items():
            for key, place in (("from", section.source), ("to", section.to)) if section else ():
                if place in taken:
                    problem = _("{key} and {other} are the same file")
                    raise ValueError(problem.format(key=f"{name}.{key}", other=taken[place]))
                taken[place] = f"{name}.{key}"
        if self.fulfil.to in taken:
            problem = _("{key} and {other} are the same file")
            raise ValueError(problem.format(key="fulfil.to", other=taken[self.fulfil.to]))
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
        check_pool(self)
        return self
