"""``[orders.xml]`` and ``[fulfil.xml]``: how the XML for the ERP is written."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

from passerelle.base.language import _
from passerelle.base.regex import regex
from passerelle.config.values import (
    DateFormat,
    FilePath,
    Printable,
    Section,
    WrittenEncoding,
    table_schema,
)

CANONICAL_ELEMENTS = (
    *("orders", "store", "generated", "count", "order", "id", "reference", "date", "status"),
    *("customer", "first_name", "last_name", "company", "email", "phone", "address1", "address2"),
    *("postcode", "city", "country", "payment", "voucher", "shipping", "carrier", "discount"),
    *(
        "total_paid",
        "currency",
        "lines",
        "line",
        "ean13",
        "product_id",
        "product_reference",
        "product_name",
    ),
    *("quantity", "unit_price", "vat_rate", "amount"),
)
# A sale has what an order has, without the list around it.
SALE_ELEMENTS = (
    *("sale", "document", "vat_number"),
    *(name for name in CANONICAL_ELEMENTS if name not in ("orders", "count", "order")),
)
# https://www.w3.org/TR/xml/#NT-NameStartChar, as far as European languages need it
_LETTERS = "A-Z_a-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff"
_NAME = f"[{_LETTERS}][{_LETTERS}0-9.\u00b7-]*"
_XML_NAME = regex(_NAME)
_FITS = f"^{_NAME}$"
_XmlNames = Annotated[dict[str, str], table_schema(CANONICAL_ELEMENTS, _FITS)]
_SaleNames = Annotated[dict[str, str], table_schema(SALE_ELEMENTS, _FITS)]


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
