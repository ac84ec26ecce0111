"""``passerelle demo``: a small shop's files, and one whole half hour played on them."""

import csv
import shutil
import sys
from collections.abc import Callable, Mapping
from importlib.resources import files
from io import StringIO
from pathlib import Path

from lxml import etree

from passerelle.base.errors import UsageError
from passerelle.base.language import _, n_
from passerelle.config.load import load_config
from passerelle.config.model import Settings
from passerelle.runs.starting import start

STOCK_ENCODING = "cp1252"


def sample(name: str) -> bytes:
    return files("passerelle.cli.demo").joinpath("files", name).read_bytes()


class Shop:
    """Writes its orders and takes its stock, as PrestaShop's modules do."""

    def __init__(self, server: Path) -> None:
        self._server = server

    def export_orders(self, name: str) -> None:
        """The "Order Export" module uploads straight to the final name."""
        (self._server / "commandes.csv").write_bytes(sample(name))

    def import_stock(self) -> dict[str, int]:
        """Reads ExportCSVmod and deletes it; returns how many lines there were of each kind."""
        path = self._server / "ExportCSVmod.csv"
        rows = list(
            csv.DictReader(StringIO(path.read_bytes().decode(STOCK_ENCODING)), delimiter=";")
        )
        path.unlink()
        cards = sum(not row["Gencod"] for row in rows)
        zero = sum(row["Stock"] == "0" for row in rows)
        return {"on_sale": len(rows) - cards - zero, "held_back": zero, "gift_cards": cards}


class Erp:
    """Imports sales and exports its stock, only lines with stock."""

    def __init__(self, server: Path) -> None:
        self._server = server
        text = sample("erp_stock.csv").decode(STOCK_ENCODING)
        self._rows = list(csv.DictReader(StringIO(text), delimiter=";"))

    def import_sales(self) -> list[str]:
        """Books every XML in import/ and deletes it; returns the ids of the orders in them."""
        booked: list[str] = []
        for path in sorted((self._server / "import").glob("*.xml")):
            root = etree.parse(path).getroot()
            for line in root.iter("line"):
                self._book(line.findtext("ean13") or "", int(line.findtext("quantity") or 0))
            booked += [vente.findtext("id") or "" for vente in root.iter("vente")]
            path.unlink()
        return booked

    def export_stock(self) -> int:
        """Writes ExportCSV; returns the number of its lines."""
        text = StringIO(newline="")
        writer = csv.DictWriter(text, list(self._rows[0]), delimiter=";", lineterminator="\r\n")
        in_stock = [row for row in self._rows if int(row["Stock"]) > 0]
        writer.writeheader()
        writer.writerows(in_stock)
        path = self._server / "ExportCSV.csv"
        path.write_bytes(text.getvalue().encode(STOCK_ENCODING))
        return len(in_stock)

    def _book(self, ean13: str, quantity: int) -> None:
        for row in self._rows:
            if row["Gencod"] == ean13:
                row["Stock"] = str(max(int(row["Stock"]) - quantity, 0))


Tell = Callable[[str], None]
# Tells a folder that an earlier demo made, and may be made anew, from any other.
_MARK = ".passerelle-demo"
# Below the times.
_MARGIN = " " * 7


def play(folder: Path, tell: Tell) -> None:
    """Plays one half hour in ``folder`` and leaves the files there to look at.

    The very runs of the product work on a folder that stands in for the FTP server. Raises
    :class:`UsageError` for a folder that holds something else.
    """
    folder = folder.absolute()
    prepare(folder)
    server = folder / "server"
    shop, erp = Shop(server), Erp(server)
    settings = load_config(folder / "config.toml")

    at("10:25", _("The shop writes commandes.csv (French labels, cp1252): 12 orders."), tell)
    shop.export_orders("orders_french.csv")
    at("10:27", "passerelle run orders", tell)
    _run(settings, "orders", tell)
    at("10:30", _imported(erp.import_sales()), tell)
    at("10:40", _exported(erp.export_stock()), tell)
    at("10:47", _written_again(), tell)
    shop.export_orders("orders_english.csv")
    at("10:49", "passerelle run stock", tell)
    _run(settings, "stock", tell)
    at("10:50", _taken(shop.import_stock()), tell)
    _show_where_to_look(folder, tell)


def at(time: str, text: str, tell: Tell) -> None:
    first, *more = text.splitlines()
    tell(f"{time}  {first}")
    for line in more:
        tell(f"{_MARGIN}{line}")


def _imported(ids: list[str]) -> str:
    text = _("The ERP imports the XML and deletes it: orders {ids}.")
    return text.format(ids=", ".join(ids))


def _exported(lines: int) -> str:
    return n_(
        "The ERP writes ExportCSV.csv, its stock: {n} line.",
        "The ERP writes ExportCSV.csv, its stock: {n} lines.",
        lines,
    )


def _written_again() -> str:
    # Translators: break the text into lines of at most 80 characters
    return _(
        "The shop writes commandes.csv again (English labels, UTF-8): 3 orders are new,\n"
        "and in order 1011 the quantity was mended."
    )


def _taken(levels: Mapping[str, int]) -> str:
    words = (
        n_("{n} on sale", "{n} on sale", levels["on_sale"]),
        n_("{n} held back", "{n} held back", levels["held_back"]),
        n_("{n} gift card", "{n} gift cards", levels["gift_cards"]),
    )
    text = _("The shop sets its stock from ExportCSVmod.csv and deletes it: {levels}.")
    return text.format(levels=", ".join(words))


def prepare(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()) and not (folder / _MARK).exists():
        mend = _("name another one for the demo")
        raise UsageError(_("the folder is not empty"), str(folder), mend)
    if folder.exists():
        shutil.rmtree(folder)
    (folder / "server" / "import").mkdir(parents=True)
    (folder / _MARK).write_text(
        "Made by `passerelle demo`, which may replace all of it.\n", "utf-8"
    )
    (folder / "config.toml").write_bytes(sample("config.toml"))


def _run(settings: Settings, name: str, tell: Tell) -> None:
    outcome = start(settings, name)
    tell(f"{_MARGIN}-> {outcome.summary}")
    if outcome.rejected:
        code = _("exit code {code}").format(code=outcome.exit_code)
        tell(f"{_MARGIN}{code}{_(': ')}passerelle: {outcome.rejected}")


def _show_where_to_look(folder: Path, tell: Tell) -> None:
    again = f'{_program()} --config "{folder / "config.toml"}"'
    things = {
        "ArchiveExport": _("the sales XML as it was sent"),
        "Trace1.txt, Trace2.txt": _("what the two runs said"),
        "Last_ExportCSVmod.csv": _(
            "the stock as the shop got it; server/ExportCSV.csv as the ERP wrote it"
        ),
        "config.toml": _("the settings"),
    }
    tell(f"\n{_('Look at {folder}:').format(folder=folder)}")
    for name, what in things.items():
        tell(f"  {name:<22}  {what}")
    tell(f"\n{_('Go on with:')}")
    for command in ("orders list", "run orders", "stock why 3701234500713"):
        tell(f"  {again} {command}")


def _program() -> str:
    """How the person called the program, where it is not on the PATH."""
    on_path = shutil.which("passerelle")
    return "passerelle" if on_path or sys.argv[0].endswith(".py") else sys.argv[0]
