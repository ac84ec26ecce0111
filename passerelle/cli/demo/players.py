"""The two parties that Passerelle stands between, played on a folder: the shop and the ERP."""

import csv
from importlib.resources import files
from io import StringIO
from pathlib import Path

from lxml import etree

STOCK_ENCODING = "cp1252"


def sample(name: str) -> bytes:
    """A sample file's bytes."""
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
