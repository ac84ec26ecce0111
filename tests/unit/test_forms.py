"""Stylesheets and schemas that others wrote: no entities, no other files, no network."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from passerelle.base.errors import ConfigError
from passerelle.config.orders import Orders
from passerelle.csv_to_xml.forms import compile_forms, named_schemas
from passerelle.exchange.forms import load_forms
from tests.world import tree

XSL = (
    'xmlns:xsl="http://www.w3.org/1999/XSL/Transform" version="1.0" '
    'xmlns:exsl="http://exslt.org/common" xmlns:saxon="http://icl.com/saxon" '
    'xmlns:xi="http://www.w3.org/2001/XInclude" extension-element-prefixes="exsl saxon"'
)
XS = 'xmlns:xs="http://www.w3.org/2001/XMLSchema"'
ELEMENT = '<xs:element name="orders"/>'
SECRET = "mot-de-passe-du-coffre"
BOMB = (
    '<!DOCTYPE b [<!ENTITY a0 "ha">'
    + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    + "]>"
)


@dataclass
class Web:
    """A web server that answers everything with one text, and remembers what it was asked."""

    url: str
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def web() -> Iterator[Web]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(f"<secret>{SECRET}</secret>".encode())

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        found = Web(f"http://127.0.0.1:{server.server_port}")
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield found
        server.shutdown()


def settings(**xml: str) -> Orders:
    context = {"servers": ("ftp",), "folder": Path()}
    given = {"from": "ftp:a.csv", "to": "ftp:b.xml", "xml": xml}
    return Orders.model_validate(given, context=context)


def compile_in(folder: Path, key: str, text: str) -> object:
    """Compiles a form as a run does."""
    path = folder / f"form.{key}"
    path.write_text(text, encoding="utf-8")
    forms = load_forms(settings(**{key: str(path)}))
    return forms.stylesheet or forms.schema


def outcome(folder: Path, text: str) -> str:
    """What a stylesheet makes of orders, or the error that a run would tell."""
    from lxml import etree

    try:
        style = compile_in(folder, "stylesheet", text)
        assert isinstance(style, etree.XSLT)
        return str(style(etree.XML("<orders/>")))
    except (ConfigError, etree.XSLTError) as error:
        return str(error)


def sheet(template: str, top: str = "") -> str:
    return (
        f"<xsl:stylesheet {XSL}>{top}"
        f'<xsl:template match="/"><a>{template}</a></xsl:template></xsl:stylesheet>'
    )


class TestAStylesheet:
    @pytest.mark.parametrize("verb", ["include", "import"])
    @pytest.mark.parametrize("where", ["file", "http", "beside"])
    def test_that_names_another_is_refused_with_its_line(
        self, tmp_path: Path, web: Web, verb: str, where: str
    ) -> None:
        (tmp_path / "other.xsl").write_text(sheet(SECRET), encoding="utf-8")
        places = {"file": (tmp_path / "other.xsl").as_uri(), "http": web.url, "beside": "other.xsl"}
        told = outcome(tmp_path, sheet("", f'\n<xsl:{verb} href="{places[where]}"/>'))
        assert told.startswith("the stylesheet names another file (line 2): orders.xml.stylesheet")
        assert web.asked == []

    @pytest.mark.parametrize("where", ["file", "path", "http"])
    def test_reads_no_document(self, tmp_path: Path, web: Web, where: str) -> None:
        secret = tmp_path / "secret.xml"
        secret.write_text(f"<secret>{SECRET}</secret>", encoding="utf-8")
        place = {"file": secret.as_uri(), "path": str(secret), "http": web.url}[where]
        told = outcome(tmp_path, sheet(f"<xsl:copy-of select=\"document('{place}')\"/>"))
        assert SECRET not in told
        assert web.asked == []

    @pytest.mark.parametrize("element", ["exsl:document", "saxon:output", "xsl:document"])
    def test_writes_no_document(self, tmp_path: Path, element: str) -> None:
        place = tmp_path / "written.xml"
        told = outcome(
            tmp_path, sheet(f'<{element} href="{place}" file="{place}"><b/></{element}>')
        )
        assert not place.exists()
        assert "denied" in told or "<a>" in told

    def test_leaves_an_inclusion_alone(self, tmp_path: Path) -> None:
        secret = tmp_path / "secret.xml"
        secret.write_text(f"<secret>{SECRET}</secret>", encoding="utf-8")
        told = outcome(tmp_path, sheet(f'<xi:include href="{secret.as_uri()}"/>'))
        assert "xi:include" in told
        assert SECRET not in told


@pytest.mark.parametrize("key", ["stylesheet", "schema"])
class TestEitherForm:
    @pytest.mark.parametrize("use", ["<b>&e;</b>", '<b c="&e;"/>', "<b/>"])
    @pytest.mark.parametrize("kind", ["file", "http", "parameter", "dtd"])
    def test_with_an_entity_from_outside_is_refused(
        self, tmp_path: Path, web: Web, key: str, kind: str, use: str
    ) -> None:
        secret = tmp_path / "secret.txt"
        secret.write_text(SECRET, encoding="utf-8")
        doctype = {
            "file": f'<!DOCTYPE b [<!ENTITY e SYSTEM "{secret.as_uri()}">]>',
            "http": f'<!DOCTYPE b [<!ENTITY e SYSTEM "{web.url}/e">]>',
            "parameter": f'<!DOCTYPE b [<!ENTITY % p SYSTEM "{web.url}/p"> %p;]>',
            "dtd": f'<!DOCTYPE b SYSTEM "{web.url}/d">',
        }[kind]
        with pytest.raises(ConfigError) as caught:
            compile_in(tmp_path, key, doctype + use)
        assert f"orders.xml.{key}" in str(caught.value)
        assert SECRET not in str(caught.value)
        assert web.asked == []

    @pytest.mark.parametrize("use", ["<b>&a11;</b>", '<b c="&a11;"/>'])
    def test_with_an_entity_bomb_is_refused_before_it_grows(
        self, tmp_path: Path, key: str, use: str
    ) -> None:
        with pytest.raises(ConfigError, match=f"orders.xml.{key}"):
            compile_in(tmp_path, key, BOMB + use)


class TestASchema:
    def test_may_name_schemas_beside_it_and_below(self, tmp_path: Path) -> None:
        (tmp_path / "types").mkdir()
        bodies = {
            "types/base.xsd": '<xs:include schemaLocation="more/codes.xsd"/>',
            "types/more/codes.xsd": '<xs:include schemaLocation="units.xsd"/>' + ELEMENT,
            "types/more/units.xsd": '<xs:include schemaLocation="codes.xsd"/>',
        }
        for name, body in bodies.items():
            path = tmp_path / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(f"<xs:schema {XS}>{body}</xs:schema>", encoding="utf-8")
        main = f'<xs:schema {XS}><xs:include schemaLocation="types/base.xsd"/></xs:schema>'
        from lxml import etree

        schema = compile_in(tmp_path, "schema", main)
        assert isinstance(schema, etree.XMLSchema)
        assert schema.validate(etree.XML("<orders/>"))
        assert not schema.validate(etree.XML("<ventes/>"))

    @pytest.mark.parametrize("verb", ["include", "import", "redefine"])
    @pytest.mark.parametrize(
        "place",
        [
            *("http://a/b.xsd", "file:///etc/passwd", "/etc/passwd", "../b.xsd", "a/../../b.xsd"),
            *("..\\b.xsd", "%2e%2e/b.xsd", "C:/b.xsd", "\\\\host\\b.xsd", "//host/b.xsd", ""),
        ],
    )
    def test_that_names_one_elsewhere_is_refused(self, verb: str, place: str) -> None:
        text = f'<xs:schema {XS}><xs:{verb} schemaLocation="{place}"/>{ELEMENT}</xs:schema>'
        with pytest.raises(ConfigError, match="names one that lies elsewhere"):
            named_schemas(text.encode())
        with pytest.raises(ConfigError, match="names one that lies elsewhere"):
            compile_forms(None, text.encode())

    def test_that_moves_its_base_is_refused(self) -> None:
        text = (
            f'<xs:schema {XS} xml:base="http://a/"><xs:include schemaLocation="b.xsd"/></xs:schema>'
        )
        with pytest.raises(ConfigError, match="moves its base"):
            named_schemas(text.encode())

    @pytest.mark.parametrize(
        "other",
        [
            BOMB + f"<xs:schema {XS}><xs:annotation>&a11;</xs:annotation></xs:schema>",
            f'<xs:schema {XS}><xs:include schemaLocation="http://a/b.xsd"/></xs:schema>',
            "no XML",
            None,
        ],
        ids=["bomb", "elsewhere", "no XML", "missing"],
    )
    def test_is_no_better_than_those_it_names(self, tmp_path: Path, other: str | None) -> None:
        if other is not None:
            (tmp_path / "b.xsd").write_text(other, encoding="utf-8")
        main = f'<xs:schema {XS}><xs:include schemaLocation="b.xsd"/>{ELEMENT}</xs:schema>'
        with pytest.raises(ConfigError, match=r"b\.xsd"):
            compile_in(tmp_path, "schema", main)

    def test_may_import_a_namespace_without_saying_whence(self, tmp_path: Path) -> None:
        text = f'<xs:schema {XS}><xs:import namespace="urn:a"/>{ELEMENT}</xs:schema>'
        assert compile_in(tmp_path, "schema", text) is not None

    def test_follows_no_hint_in_the_document_that_it_validates(
        self, tmp_path: Path, web: Web
    ) -> None:
        from lxml import etree

        schema = compile_in(tmp_path, "schema", f"<xs:schema {XS}>{ELEMENT}</xs:schema>")
        assert isinstance(schema, etree.XMLSchema)
        instance = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        before = tree(tmp_path)
        hint = f'xsi:schemaLocation="urn:x {web.url}/x.xsd"'
        assert schema.validate(etree.XML(f"<orders {instance} {hint}/>"))
        assert (web.asked, tree(tmp_path)) == ([], before)
