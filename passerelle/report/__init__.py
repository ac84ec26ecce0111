"""The page that shows how it goes: one HTML file that needs nothing else, in ``folder``."""

from datetime import datetime
from pathlib import Path

from passerelle.config import Settings
from passerelle.durable import make_private_folder, replace_whole, write_privately
from passerelle.errors import UnreachableError
from passerelle.language import _
from passerelle.ledger import Ledger

FILE_NAME = "report.html"


def write_report(settings: Settings, ledger: Ledger, now: datetime) -> Path:
    """Writes the page as of ``now`` (aware); returns where.

    Raises :class:`UnreachableError` where the ledger cannot be read or the file not written.
    """
    from passerelle.report.page import render

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
