"""Pure: the ERP's stylesheet and schema, compiled.

They may be written by others. So entities are refused (XXE, entity bombs), a stylesheet reads and
writes nothing else (OWASP, "XML External Entity Prevention"), and a schema names only schemas that
lie beside it or in folders below.
"""

from lxml import etree
from msgspec import Struct

from passerelle.base.errors import ConfigError
from passerelle.base.language import _
from passerelle.model.location import clean_path

STYLESHEET, SCHEMA = "orders.xml.stylesheet", "orders.xml.schema"
SALE_STYLESHEET = "fulfil.xml.stylesheet"
_XSL = "{http://www.w3.org/1999/XSL/Transform}"
_XS = "{http://www.w3.org/2001/XMLSchema}"
_BASE = "{http://www.w3.org/XML/1998/namespace}base"


class Forms(Struct, frozen=True):
    """The compiled stylesheet and schema, each ``None`` where the config names none."""

    stylesheet: etree.XSLT | None = None
    schema: etree.XMLSchema | None = None


def compile_forms(
    stylesheet: bytes | None, schema: bytes | None, *, schema_url: str | None = None
) -> Forms:
    """Compiles the contents of ``orders.xml.stylesheet`` and ``orders.xml.schema``.

    ``schema_url`` is where the schemas lie that it names; see :func:`named_schemas`. Raises
    :class:`ConfigError` with the line of what cannot be used.
    """
    return Forms(
        _compile_stylesheet(stylesheet, STYLESHEET) if stylesheet is not None else None,
        _compile_schema(schema, schema_url) if schema is not None else None,
    )


def compile_sale_forms(stylesheet: bytes | None) -> Forms:
    """The same for the content of ``fulfil.xml.stylesheet``."""
    if stylesheet is None:
        return Forms()
    return Forms(_compile_stylesheet(stylesheet, SALE_STYLESHEET))


def named_schemas(data: bytes, where: str = SCHEMA) -> tuple[str, ...]:
    """The schemas that a schema includes or imports: paths from its own folder.

    Raises :class:`ConfigError` for what is no XML, holds entities, or names anything that does not
    lie beside it or below. Whoever compiles it looks at each of them likewise before.
    """
    root = _parse(data, where, None).getroot()
    if any(_BASE in element.attrib for element in root.iter(etree.Element)):
        raise ConfigError(_("the schema moves its base"), where, _("take xml:base out"))
    named = root.iter(f"{_XS}include", f"{_XS}import", f"{_XS}redefine")
    places = (element.get("schemaLocation") for element in named)
    return tuple(_beside(place, where) for place in places if place is not None)


def _beside(place: str, where: str) -> str:
    try:
        if ":" in place or "%" in place or place.startswith("/"):
            raise ValueError
        return clean_path(place.strip())
    except ValueError:
        raise ConfigError(
            _("the schema names one that lies elsewhere ({place!r})").format(place=place),
            where,
            _("put that one beside it and name it by its file name"),
        ) from None


def _compile_stylesheet(data: bytes, key: str) -> etree.XSLT:
    document = _parse(data, key, None)
    other = next(document.getroot().iter(f"{_XSL}include", f"{_XSL}import"), None)
    if other is not None:
        raise ConfigError(
            _("the stylesheet names another file (line {line})").format(line=other.sourceline),
            key,
            _("write all its templates into one file"),
        )
    try:
        return etree.XSLT(document, access_control=etree.XSLTAccessControl.DENY_ALL)
    except etree.XSLTParseError as error:
        raise ConfigError(_("the stylesheet is not valid"), key, str(error)) from error


def _compile_schema(data: bytes, url: str | None) -> etree.XMLSchema:
    named_schemas(data)
    document = _parse(data, SCHEMA, url)
    try:
        return etree.XMLSchema(document)
    except etree.XMLSchemaParseError as error:
        raise ConfigError(_("the schema is not valid"), SCHEMA, str(error)) from error


def _parse(data: bytes, where: str, url: str | None) -> etree._ElementTree:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        tree = etree.ElementTree(etree.fromstring(data, parser, base_url=url))
    except etree.XMLSyntaxError as error:
        raise ConfigError(_("the file is not XML"), where, str(error)) from error
    if tree.docinfo.doctype:
        mend = _("take it out: entities are refused")
        raise ConfigError(_("the file holds a DOCTYPE"), where, mend)
    return tree
