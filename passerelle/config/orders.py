"""``[orders]`` and ``[fulfil]``: from the shop's order CSV to what the ERP imports."""

from typing import Any, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from passerelle.base.language import _
from passerelle.config.columns import OrderColumns
from passerelle.config.statuses import CANCELLED, GIFT_CARDS, PAID, UNPAID
from passerelle.config.values import (
    Duration,
    Encoding,
    Folder,
    LocalTime,
    Names,
    Place,
    Printable,
    Section,
    Separator,
    with_the_default,
)
from passerelle.config.xml import SaleXml, Xml


class Withhold(Section):
    """``[orders.withhold]``: which orders the store enters by hand because of gift cards."""

    payments: Names = GIFT_CARDS
    """An order whose payment or voucher field has one of these words is withheld: the store enters
    it at the till. Hyphens, blanks between words and a plural's s or x do not matter; "default" in
    a list stands for the words of six languages.

    # Words of the payment and voucher fields. Without this line: those of six languages, for which
    # "default" stands in a list.
    # payments = ["default", "Carte Kdo"]
    """
    vouchers: Names = ()
    """An order with a voucher code that fits one of these patterns, like "GC-*", is withheld.

    = …  # patterns for voucher codes, for example ["GC-*"]
    """

    @field_validator("payments")
    @classmethod
    def _and_the_default(cls, names: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        return with_the_default(cls, names, info.field_name)


class Orders(Section):
    """``[orders]``: from the shop's order CSV to the ERP's sales XML."""

    source: Place = Field(alias="from")
    """The order CSV that the shop writes, as "server:path".

    = "ftp:commandes.csv"
    """
    to: Place
    """The sales XML for the ERP, as "server:path". {time} becomes YYYYMMDD_HHMMSS; without it, a
    new XML waits until the ERP has taken the last one. {channel} becomes the channel, where several
    installations share a folder.

    # {time} becomes YYYYMMDD_HHMMSS. Without it, a new XML waits until the ERP has taken the
      last one. {channel} becomes the channel.
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

    = …  # …
    """
    store: Printable = ""
    """The ERP's store number, for example "008".

    = …  # …
    """
    encoding: Encoding = "auto"
    """Of the order CSV. "auto": BOM, else strict UTF-8, else cp1252.

    = …  # BOM, else strict UTF-8, else cp1252
    """
    separator: Separator = "auto"
    """Of the order CSV's fields. "auto": the one of ; , tab | : that fits.

    = …  # one of ; , tab | :
    """
    date_order: Literal["auto", "dmy", "mdy"] = "auto"
    """Whether 03/04/2026 is 3 April ("dmy") or 4 March ("mdy"). "auto": what a date of the file
    proves, else one of an earlier file, else day first, which is told.

    = …  # what a date proves; "dmy": 03/04 is 3 April, "mdy": 4 March
    """
    final_newline: bool = True
    """A file whose last line does not end is not whole: nothing is read from it (exit code 4).

    = …  # a file whose last line does not end is not whole: not read yet
    """
    send_statuses: Names = PAID
    """Orders in these statuses are sent, others wait. The default: the paid ones that PrestaShop
    ships with in French, English, German, Spanish, Italian and Dutch, and WooCommerce's,
    Shopify's and Magento's; "default" in a list stands for them.

    # Orders in these statuses are sent. Without these lines: the paid, unpaid and cancelled ones of
    # PrestaShop, WooCommerce, Shopify and Magento in six languages: "default" in a list means them.
    # A status that stands nowhere waits and is told. See `passerelle config show`.
    # send_statuses = ["default", "Prêt à expédier"]
    """
    waiting_statuses: Names = UNPAID
    """Orders in these statuses wait, and that is as it should be: nobody is told.

    # waiting_statuses = ["default", "En atelier"]
    """
    cancelled_statuses: Names = CANCELLED
    """Orders in these statuses are cancelled: never sent. A payment error is none: the customer may
    pay again.

    # cancelled_statuses = ["default", "Retourné"]
    """
    waiting_for: Duration | None = None
    """An order that waits for its status and leaves the shop's file is told until somebody settles
    it; after this time, counted from its date, it is let go of. Without it: never.

    # An order that waits and leaves the shop's file is told until it is settled; after this time
      it is let go of.
    # waiting_for = "30d"
    """
    refused: Folder = None
    """The folder, as "server:path", where the ERP puts an XML of orders that it would not take:
    they are told, and their goods held back, until they are settled or sent again.

    = …  # the folder where the ERP puts what it would not take: "ftp:refused"
    """
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

    @field_validator("send_statuses", "waiting_statuses", "cancelled_statuses")
    @classmethod
    def _and_the_default(cls, names: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        return with_the_default(cls, names, info.field_name)

    @field_validator("send_statuses")
    @classmethod
    def _are_named(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if not any(name.strip() for name in names):
            raise ValueError(_("name the statuses of orders that are to be sent"))
        return names

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
        return self
