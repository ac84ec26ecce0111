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
from passerelle.config.written import URL_SCHEMES
from passerelle.model.location import Location, has_control

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
    """ftp://user@host:21/folder, ftps:// (explicit TLS), ftps-implicit://, sftp://,
    file:///D:/folder or a plain folder. No password in it. On FTP the path starts at the login
    folder, //folder at the root; on SFTP at the root, /~/folder at the login folder.

    # ftp://user@host:21/folder        FTP; the path starts at the login folder, //folder at the
      root
    # ftps://…  ftps-implicit://…      FTP over TLS (explicit, implicit)
    # sftp://user@host:22/folder       SFTP; the path starts at the root, /~/folder at the login
      folder
    # file:///D:/exchange              a folder of this machine; a plain path does as well
    = "ftp://user@ftp.example.com:21/"
    """
    password: SecretStr = SecretStr("")
    """"keyring" (`passerelle secret set NAME`), "env:NAME" for an environment variable, or the word
    itself, about which `check` warns.

    = "keyring"  # "keyring": `passerelle secret set ftp` · "env:NAME" · the word itself
    """
    passive: bool = True
    """FTP: the client opens the data connections.

    = …  # FTP: the client opens the data connections
    """
    timeout: Wait = timedelta(seconds=20)
    """How long one answer of the server may take, as in "20s".

    = …  # how long one answer may take
    """
    publish: Literal["rename", "direct"] = "rename"
    """"rename": files appear whole under their name. "direct" for servers that forbid renaming: a
    weaker promise, see docs/architecture.md.

    = …  # "direct" for servers that forbid renaming; see docs/architecture.md
    """
    known_hosts: FilePath = None
    """SFTP: the file of host keys; empty for ~/.ssh/known_hosts.

    = …  # SFTP: file of host keys; empty: ~/.ssh/known_hosts
    """
    key_file: FilePath = None
    """SFTP: the private key to log in with; `password` is then its passphrase.

    = …  # SFTP: private key to log in with; `password` is then its passphrase
    """
    verify_tls: bool = True
    """FTPS: check the server's certificate.

    = …  # FTPS: check the server's certificate
    """
    settle: Duration = timedelta(seconds=2)
    """A source file younger than a minute is measured twice, this far apart; one that grows is not
    ready (exit code 4).

    = …  # a file younger than a minute is measured twice, this far apart
    """

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
        if parts.scheme not in URL_SCHEMES:
            problem = _('"{scheme}://" is unknown; use {known}')
            raise ValueError(problem.format(scheme=parts.scheme, known=", ".join(URL_SCHEMES)))
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
    """An order whose payment field contains one of these is withheld: the store enters it at the
    till.

    = …   # any part of the payment field
    """
    vouchers: Names = ()
    """An order with a voucher code that fits one of these patterns, like "GC-*", is withheld.

    = …  # patterns for voucher codes, for example ["GC-*"]
    """


class WrittenXml(Section):
    """How an XML for the ERP is written; ``elements`` are those of its canonical tree."""

    elements: ClassVar[tuple[str, ...]] = ()

    encoding: WrittenEncoding = "UTF-8"
    """Of the XML, for example "ISO-8859-1": characters it lacks become references.

    = …  # for example "ISO-8859-1": characters it lacks become references
    """
    decimal: Literal[".", ","] = "."
    """The decimal mark of amounts."""
    date_format: DateFormat = "%Y-%m-%dT%H:%M:%S"
    """How dates are written, in the letters of strftime: "%d/%m/%Y"."""
    stylesheet: FilePath = None
    """An .xsl file that turns the canonical tree into the ERP's own layout; `names` is then not
    used.

    = …  # an .xsl that makes the ERP's own layout (then `names` is not used)
    """
    names: dict[str, str] = {}
    payments: dict[str, Printable] = {}
    """Payment text = the ERP's code for it.

    […]  # payment text = the ERP's code
    # "Carte bancaire" = "CB"
    """

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
    """Canonical element = the ERP's name for it.

    […]  # canonical element = the ERP's name
    # orders = "ventes"
    # order = "vente"
    # line = "ligne"
    """
    schema_file: FilePath = Field(default=None, alias="schema")
    """An .xsd file: what does not validate against it is not sent.

    = …  # an .xsd: what does not validate is not sent
    """


class SaleXml(WrittenXml):
    """``[fulfil.xml]``: how the XML of one sale is written."""

    elements = SALE_ELEMENTS

    names: _SaleNames = {}
    """Canonical element = the ERP's name for it.

    […]  # canonical element = the ERP's name
    # sale = "vente"
    # document = "type"
    """


class Orders(Section):
    """``[orders]``: from the shop's order CSV to the ERP's sales XML."""

    source: Place = Field(alias="from")
    """The order CSV that the shop writes, as "server:path".

    = "ftp:commandes.csv"
    """
    to: Place
    """The sales XML for the ERP, as "server:path". {time} becomes YYYYMMDD_HHMMSS; without it, a
    new XML waits until the ERP has taken the last one.

    # {time} becomes YYYYMMDD_HHMMSS. Without it, a new XML waits until the ERP has taken the
      last one.
    = "ftp:import/commandes_{time}.xml"
    """
    start_from: LocalTime | None = None
    """Orders older than this were handled by the previous system and are skipped. A date and time
    without quotes, as in 2026-11-22T00:00:00; needs columns.date.

    # Older orders were handled by the previous system and are skipped (or: `passerelle orders
      adopt`).
    # start_from = 2026-11-22T00:00:00
    """
    channel: Printable = "web"
    """Part of an order's identity in the ledger.

    = …  # part of an order's identity in the ledger
    """
    store: Printable = ""
    """The ERP's store number, for example "008".

    = …  # the ERP's store number, for example "008"
    """
    encoding: Encoding = "auto"
    """Of the order CSV. "auto": BOM, else strict UTF-8, else cp1252.

    = …  # BOM, else strict UTF-8, else cp1252
    """
    separator: Separator = "auto"
    """Of the order CSV's fields. "auto": the one of ; , tab | : that fits.

    = …  # one of ; , tab | :
    """
    final_newline: bool = True
    """A file whose last line does not end is not whole: nothing is read from it (exit code 4).

    = …  # a file whose last line does not end is not whole: not read yet
    """
    send_statuses: Names = ()
    """Orders in these statuses are sent, others wait; empty: any but the cancelled ones.

    = …  # empty: any but the cancelled ones; others wait
    """
    cancelled_statuses: Names = (
        *("Annulé", "Remboursé", "Remboursement", "Erreur de paiement"),
        *("Canceled", "Refunded", "Payment error"),
    )
    """Orders in these statuses are cancelled: never sent."""
    columns: OrderColumns = OrderColumns()
    """
    # Which header name of the CSV means what: a name, or a list of which the first one present
      counts.
    # Case, accents and surrounding space do not matter. Required: id, quantity, unit_price, and
      one of
    # ean13 / product_reference. Names of columns that your file does not have do no harm.
    """
    withhold: Withhold = Withhold()
    """# Orders paid with gift cards are not transmitted: the store enters them at the till."""
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
    """Whether each order's sale is issued too, once its status allows it: docs/fulfilment.md."""
    when_statuses: Names = (
        *("Paiement accepté", "Paiement à distance accepté"),
        *("Payment accepted", "Remote payment accepted"),
    )
    """An order that has one of these statuses gets its sale."""
    document: Literal["auto", "invoice", "receipt"] = "auto"
    """"invoice" or "receipt"; "auto": an invoice for a customer with a company or a VAT number.

    = …  # "invoice" · "receipt" · "auto": an invoice with a company or VAT number
    """
    to: Place | None = None
    """The XML of one sale for the ERP, as "server:path". {time} becomes YYYYMMDD_HHMMSS and must
    stand in the name; {id} is the order's id.

    # {time} must stand in it, {id} may: the ERP's refusals are told by the file's name.
    = "ftp:import/sale_{id}_{time}.xml"
    """
    start_from: LocalTime | None = None
    """Orders older than this never get a sale: the moment at which fulfilment is switched on. A
    date and time without quotes, as in 2026-11-22T00:00:00.

    # Older orders never get a sale: the moment at which you switch this on. Required with
      enabled = true.
    # start_from = 2026-11-22T00:00:00
    """
    order: Literal["oldest", "newest"] = "oldest"
    """Which orders get their stock first: the "oldest" or the "newest".

    = …  # who gets the stock first: the "oldest" or the "newest" order
    """
    repeat: Literal["remember", "again"] = "remember"
    """An order that is sent again and has its sale: "remember" sends the order only, "again" issues
    the sale anew, as some ERPs expect.

    = …  # an order sent again that has its sale: "remember" it · issue it "again"
    """
    refused: Folder = None
    """The folder, as "server:path", where the ERP puts the XML of a sale that it would not take;
    empty: what the ERP took counts as done.

    = …  # the folder where the ERP puts what it would not take: "ftp:refused"
    """
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
    """The column that carries a product id.

    = …  # the column that carries a product id
    """
    ids: ProductIds = ()
    """The gift cards' product ids, for example ["1201", "1202"].

    = …  # for example ["1201", "1202"]
    """
    quantity: int = Field(default=999, ge=0, le=2**31 - 1)
    """The level that gift cards are published with."""
    fill: dict[str, Printable] = {}
    """Other columns of an added line, for example { "Nom" = "Carte" }.

    = …  # other columns of an added line, for example { "Nom" = "Carte" }
    """


class Guards(Section):
    """``[stock.guards]``: when the ERP's file is not good enough to publish."""

    max_age: Duration = timedelta(minutes=25)
    """An older file of the ERP is not published (exit code 6).

    = …  # of the ERP's file
    """
    max_drop: float = Field(default=0.30, ge=0, le=1)
    """The share of lines in stock, against the last published file, by which they may fall: 0.30 is
    30 %. More is not published (exit code 6).

    = 0.30  # of lines in stock, against the last published file
    """
    min_lines: int = Field(default=1, ge=0)
    """Fewer lines in stock are not published (exit code 6).

    = …  # in stock
    """
    final_newline: bool = True
    """A last line without its end is a cut file (exit code 6).

    = …  # a last line without its end is a cut file
    """


class Stock(Section):
    """``[stock]``: from the ERP's stock to the file the shop's import reads."""

    source: Place = Field(alias="from")
    """The ERP's stock file, ExportCSV, as "server:path".

    = "ftp:ExportCSV.csv"
    """
    to: Place
    """The file that the shop's import reads, ExportCSVmod, as "server:path".

    = "ftp:ExportCSVmod.csv"
    """
    encoding: Encoding = "auto"
    """Of the stock CSV. "auto": BOM, else strict UTF-8, else cp1252."""
    separator: Separator = "auto"
    """Of the stock CSV's fields. "auto": the one of ; , tab | : that fits."""
    missed_sales: Literal["zero", "remove", "subtract"] = "zero"
    """What becomes of a product sold on the web that the ERP has not heard of: "zero" its quantity,
    "remove" its line, or "subtract" what was sold.

    = …  # "zero" the quantity · "remove" the line · "subtract" what was sold
    """
    withheld_is_missed: bool = True
    """Gift card orders hold their products back until settled.

    = …  # gift card orders hold their products back until settled
    """
    columns: StockColumns = StockColumns()
    gift_cards: GiftCards = GiftCards()
    """[…]  # they are not in the ERP: the shop's import would set them to 0"""
    guards: Guards = Guards()
    """[…]  # when one of these is broken, nothing is published (exit code 6)"""


class Trace(Section):
    """``[trace]``: when Trace1 and Trace2 move to ArchiveTrace."""

    max_size: Size = 1_000_000
    """When Trace1 or Trace2 is bigger, both move to ArchiveTrace.

    = …  # when Trace1 or Trace2 is bigger, both move to ArchiveTrace
    """


class Archive(Section):
    """``[archive]``: how long the archives are kept."""

    keep_exports: Duration = timedelta(days=730)
    """How long ArchiveExport is kept. It holds customers' addresses: no longer than needed.

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


class Alerts(Section):
    """``[alerts]``: whom to tell when a run fails or holds; addresses as apprise takes them."""

    urls: tuple[SecretStr, ...] = ()
    """Whom to tell when a run fails or holds, as apprise writes it: "mailto://…", "msteams://…".
    The addresses hold secrets: keep this file to yourself.

    = …  # "mailtos://user:word@example.com", "workflows://…": https://appriseit.com
    """

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
    trace: Trace = Trace()
    """# --- Keeping"""
    archive: Archive = Archive()
    schedule: Schedule = Schedule()
    """
    # --- When the runs start: minutes of each hour; after a change, `passerelle schedule install`
    """
    chain: Chain = Chain()
    """[…]  # when the others act: `status`, `report` and alerts judge them by it"""
    report: Report = Report()
    """# --- Telling
    […]  # report.html, which `passerelle report --open` shows
    """
    alerts: Alerts = Alerts()
    """[…]  # whom to tell when something needs a person, and when it is over"""

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
