"""The stylesheets and schemas that config.toml names, read and compiled."""

from contextlib import suppress
from pathlib import Path

from passerelle.base.errors import ConfigError
from passerelle.base.language import _
from passerelle.base.lookalikes import named_alike
from passerelle.config.model import Settings
from passerelle.config.orders import Orders
from passerelle.csv_to_xml.forms import Forms, compile_forms, compile_sale_forms, named_schemas


def load_forms(settings: Orders) -> Forms:
    """The compiled stylesheet and schema. Raises :class:`ConfigError` where one is unusable."""
    xml = settings.xml
    if xml.schema_file:
        _check_named_schemas(xml.schema_file, set())
    return compile_forms(
        _read_form(xml.stylesheet, "orders.xml.stylesheet"),
        _read_form(xml.schema_file, "orders.xml.schema"),
        schema_url=str(xml.schema_file) if xml.schema_file else None,
    )


def load_sale_forms(settings: Settings) -> Forms:
    """The compiled stylesheet of sales. Raises :class:`ConfigError` where it is unusable."""
    key = "fulfil.xml.stylesheet"
    return compile_sale_forms(_read_form(settings.fulfil.xml.stylesheet, key))


def _check_named_schemas(path: Path, seen: set[Path]) -> None:
    """Looks at a schema and at all that it names, before the compiler opens them."""
    seen.add(path)
    data = _read_form(path, "orders.xml.schema") or b""
    for name in named_schemas(data, f"orders.xml.schema ({path.name})"):
        if path.parent / name not in seen:
            _check_named_schemas(path.parent / name, seen)


def _read_form(path: Path | None, key: str) -> bytes | None:
    try:
        return path.read_bytes() if path else None
    except OSError as error:
        mend = _("mend the path")
        if path and isinstance(error, FileNotFoundError):
            with suppress(OSError):
                mend = named_alike(path.name, [p.name for p in path.parent.iterdir()]) or mend
        what = _("the file cannot be read ({reason})").format(reason=error.strerror)
        raise ConfigError(what, f"{key} ({path})", mend) from error
