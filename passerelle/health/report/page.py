"""The page: all that it shows, filled into its templates, and written to its file."""

import base64
import hashlib
from collections.abc import Iterator
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

from passerelle import __version__
from passerelle.base.durable import make_private_folder, replace_whole, write_privately
from passerelle.base.errors import UnreachableError
from passerelle.base.language import _, n_, spoken
from passerelle.base.wording import (
    clock,
    date_and_time,
    full_date,
    money,
    number,
    short_date,
    span,
    with_offset,
)
from passerelle.config.model import Settings
from passerelle.health.report.charts import least_to_most
from passerelle.health.report.content import STATES, content_of
from passerelle.health.report.live import Live
from passerelle.health.report.matters import MARKS, TITLES, sums_of
from passerelle.health.report.strip import (
    SHOWN,
    SIGNS,
    SlotLook,
    about,
    cut,
    in_words,
    look_of,
    shares,
)
from passerelle.health.sync import outcome_of, sync_in_words
from passerelle.health.tills import tills_in_words
from passerelle.ledger.ledger import Ledger
from passerelle.model.states import state_in_words

# By the names that the page's template has for them.
_FORMATS = (number, money, full_date, short_date, clock, date_and_time, with_offset, span)


def render(settings: Settings, ledger: Ledger, now: datetime, live: Live | None = None) -> str:
    """The page as HTML, with buttons where it is served ``live``.

    Raises :class:`UnreachableError` where the ledger cannot be read.
    """
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    from passerelle.health.report.compiled import CompiledTemplates

    environment = Environment(
        bytecode_cache=CompiledTemplates(),
        loader=FunctionLoader(_text),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.globals.update(_words(), **_constants())
    template = environment.get_template("report.html")
    return template.render(content_of(settings, ledger, now), live=live)


def _words() -> dict[str, Any]:
    return {
        **{format.__name__: format for format in _FORMATS},
        "_": _,
        "n_": n_,
        "in_words": in_words,
        "state_in_words": state_in_words,
        "about": about,
        "cut": cut,
        "shares": shares,
        "sums_of": sums_of,
        "look_of": look_of,
        "code": code,
        "least_to_most": least_to_most,
        "sync_in_words": sync_in_words,
        "outcome_of": outcome_of,
        "tills_in_words": tills_in_words,
    }


def _constants() -> dict[str, Any]:
    from markupsafe import Markup

    style, script = _text("report.css"), _text("report.js")
    return {
        "Look": SlotLook,
        "SHOWN": SHOWN,
        "SIGNS": SIGNS,
        "STATES": STATES,
        "MARKS": MARKS,
        "TITLES": {level: _(title) for level, title in TITLES.items()},
        "language": spoken(),
        "version": __version__,
        # Both are this package's own; the page's policy lets no other style or script be.
        "style": Markup(style),  # noqa: S704
        "script": Markup(script),  # noqa: S704
        "style_hash": _digest(style),
        "script_hash": _digest(script),
    }


def code(text: str) -> Any:
    """The text, escaped, with what stands in backticks as code to be copied."""
    from markupsafe import Markup, escape

    def parts() -> Iterator[Any]:
        for n, part in enumerate(text.split("`")):
            yield Markup("<code>{}</code>").format(part) if n % 2 else escape(part)

    return Markup("").join(parts())


def _text(name: str) -> str:
    """A file of this package; its lines end as HTML's parser makes them end."""
    return files("passerelle.health.report").joinpath(name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


FILE_NAME = "report.html"


def write_report(settings: Settings, ledger: Ledger, now: datetime) -> Path:
    """Writes the page as of ``now`` (aware); returns where.

    Raises :class:`UnreachableError` where the ledger cannot be read or the file not written.
    """
    path = settings.folder / FILE_NAME
    page = render(settings, ledger, now).encode("utf-8")
    try:
        _replace(path, page)
    except OSError as error:
        raise UnreachableError(
            _("the report cannot be written"),
            f"{path}: {error.strerror or error}",
            _("close the program that holds it open, or see to the folder's rights"),
        ) from error
    return path


def _replace(path: Path, page: bytes) -> None:
    make_private_folder(path.parent)
    try:
        replace_whole(path, page)
    except PermissionError:
        # Windows moves nothing over a file that somebody reads, but often lets it be written.
        if not path.exists():
            raise
        write_privately(path, page)
