"""The world around Passerelle, played by the tests: a shop, an ERP, and the program between."""

import csv
import json
import os
import re
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

from lxml import etree

from tests.servers import RunningServer
from tests.shell import Result, kill_at, run_program

COLUMNS = {
    "id": "ID commande",
    "reference": "Référence la commande",
    "status": "État de la commande/Dénomination",
    "date": "Ajout de dates",
    "payment": "Méthode de paiement",
    "voucher": "Bons de réduction",
    "last_name": "Nom de famille",
    "ean13": "EAN 13 de produits",
    "quantity": "Quantité de produits",
    "unit_price": "Prix unitaire TTC de produits",
}
# Written only where a sale has them.
CUSTOMER_COLUMNS = {
    "first_name": "Prénom",
    "company": "Société",
    "vat_number": "Numéro de TVA",
    "email": "Adresse e-mail",
    "phone": "Téléphone",
    "address1": "Adresse",
    "postcode": "Code postal",
    "city": "Ville",
    "product_name": "Nom du produit",
    "carrier": "Transporteur",
}
STOCK_HEADER = ("ID", "Gencod", "Désignation", "Stock")

CONFIG = """\
folder = "data"
{top}

{server}settle = "0s"
{server_lines}
[orders]
from = "ftp:commandes.csv"
to = "ftp:import/commandes{time}.xml"
store = "008"
{start}{orders_lines}
[orders.withhold]
vouchers = ["GC-*"]

[stock]
from = "ftp:ExportCSV.csv"
to = "ftp:ExportCSVmod.csv"
{stock_lines}
[stock.gift_cards]
ids = ["1201", "1202"]

[report]
after_runs = false
"""


# Without it the first run would ask which orders the previous system has handled.
START = "start_from = 2000-01-01T00:00:00\n"
# Unless a test says otherwise, its ERP gets orders before they are paid.
SENT = 'send_statuses = ["Paiement accepté", "Livré", "En attente", "En attente de paiement"]\n'


@dataclass(frozen=True)
class Sale:
    """An order with one line for each item; a bad quantity is written as it is.

    ``more`` has further cells, by their key in ``CUSTOMER_COLUMNS``.
    """

    id: str
    items: Mapping[str, int | str]
    payment: str = "Carte bancaire"
    status: str = "Paiement accepté"
    voucher: str = ""
    date: str = "2026-11-22 10:00:00"
    last_name: str = "Lefèvre"
    more: Mapping[str, str] = field(default_factory=dict)

    def rows(self) -> Iterable[Mapping[str, str]]:
        for ean13, quantity in self.items.items():
            yield {
                **self.more,
                "id": self.id,
                "reference": f"REF{self.id}",
                "status": self.status,
                "date": self.date,
                "payment": self.payment,
                "voucher": self.voucher,
                "last_name": self.last_name,
                "ean13": ean13,
                "quantity": str(quantity),
                "unit_price": "12,50",
            }


@dataclass
class World:
    """One folder with its config.toml, one server, and what the ERP has booked so far."""

    folder: Path
    server: RunningServer
    booked: Counter[str] = field(default_factory=Counter)

    # --- settings ----------------------------------------------------------------------------

    def configure(
        self,
        *,
        time_in_name: bool = True,
        orders: str = "",
        stock: str = "",
        server: str = "",
        top: str = "",
        extra: str = "",
    ) -> None:
        """Writes config.toml; the arguments are further lines of the sections."""
        text = CONFIG.format(
            top=top,
            server=self.server.toml("ftp"),
            server_lines=server,
            time="_{time}" if time_in_name else "",
            start=("" if "start_from" in orders else START)
            + ("" if "send_statuses" in orders else SENT),
            orders_lines=orders,
            stock_lines=stock,
        )
        (self.folder / "config.toml").write_text(text + extra, encoding="utf-8")
        if not (self.server.root / "import").exists():
            self.server.put_folder("import")

    def edit(self, *changes: tuple[str, str]) -> None:
        """Replaces parts of config.toml, each of which must be there."""
        path = self.folder / "config.toml"
        text = path.read_text(encoding="utf-8")
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        path.write_text(text, encoding="utf-8")

    def run(self, *args: str) -> Result:
        """Runs the program as a person does, from the folder of config.toml."""
        return run_program(*args, cwd=self.folder)

    def sends(self, *sales: Sale, code: int = 0) -> str:
        """The shop exports, the run of orders ends so. Returns what it printed."""
        self.shop_writes(*sales)
        return self.fails("run", "orders", code=code).text

    def fails(self, *args: str, code: int, words: str = "") -> Result:
        """Runs the program; it must end with this exit code and say these words."""
        result = self.run(*args)
        assert (result.exit_code, words in result.text) == (code, True), result
        return result

    def dies(self, step: tuple[str, ...], *args: str) -> None:
        """Runs the program until it is killed ``before`` or ``after`` a step (tests/killing.py)."""
        kill_at(step, *args, cwd=self.folder)

    def run_well(self, *args: str) -> str:
        """Runs the program, which must end with exit code 0. Returns what it printed."""
        return self.fails(*args, code=0).text

    @property
    def data(self) -> Path:
        """Where ledger, traces and archives are."""
        return self.folder / "data"

    # --- the shop ----------------------------------------------------------------------------

    def shop_writes(self, *sales: Sale, encoding: str = "cp1252") -> None:
        """The module uploads the order CSV, straight to its final name."""
        text = StringIO(newline="")
        writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
        more = {k: v for k, v in CUSTOMER_COLUMNS.items() if any(k in sale.more for sale in sales)}
        columns = COLUMNS | more
        writer.writerow(columns.values())
        for sale in sales:
            writer.writerows([row.get(key, "") for key in columns] for row in sale.rows())
        self.server.put("commandes.csv", text.getvalue().encode(encoding))

    def shop_stock(self) -> dict[str, str]:
        """The shop's import: item number (or gift card id) -> level. The file stays."""
        text = (self.server.root / "ExportCSVmod.csv").read_bytes().decode("cp1252")
        rows = csv.DictReader(StringIO(text), delimiter=";")
        return {row["Gencod"] or row["ID"]: row["Stock"] for row in rows}

    def shop_takes_stock(self) -> dict[str, str]:
        """The same, and deletes the file, as the import does."""
        levels = self.shop_stock()
        (self.server.root / "ExportCSVmod.csv").unlink()
        return levels

    # --- the ERP -----------------------------------------------------------------------------

    def xmls(self) -> list[Path]:
        """What lies in import/, whatever its ending."""
        return sorted((self.server.root / "import").iterdir())

    def erp_takes(self) -> list[str]:
        """Imports every XML and deletes it; returns the ids of the orders in them."""
        ids: list[str] = []
        for path in self.xmls():
            if path.suffix == ".xml":
                root = etree.fromstring(path.read_bytes())
                ids += [order.findtext("id") or "" for order in root.iter("order")]
                path.unlink()
        self.booked.update(ids)
        return ids

    def erp_writes_stock(
        self, levels: Mapping[str, int | str], *, age: float = -2, line_end: str = "\r\n"
    ) -> bytes:
        """Writes ExportCSV, ``age`` seconds ago; by default just after all that was done."""
        lines = [";".join(STOCK_HEADER)]
        lines += [
            f'{300 + n};{ean13};"Bottine ""Éléa"", taille {n}";{level}'
            for n, (ean13, level) in enumerate(levels.items())
        ]
        data = "".join(line + line_end for line in lines).encode("cp1252")
        path = self.server.put("ExportCSV.csv", data)
        moment = time.time() - age
        os.utime(path, (moment, moment))
        return data

    # --- looking -----------------------------------------------------------------------------

    def states(self) -> dict[str, str]:
        """Each order's state, as `orders list` tells it."""
        lines = self.run_well("orders", "list").splitlines()[1:]
        return {cells[0]: cells[2] for cells in (line.split("\t") for line in lines)}

    def concerns(self) -> dict[str, dict[str, Any]]:
        """What `status` tells, by its key."""
        health = json.loads(self.run("status", "--json").stdout)
        return {one["key"]: one for one in health["concerns"]}

    def trace(self, number: int) -> str:
        """The text of Trace1 or Trace2."""
        return (self.data / f"Trace{number}.txt").read_text(encoding="utf-8")


def tree(*folders: Path) -> dict[str, bytes]:
    """Every file below the folders with its content, and every folder."""
    found: dict[str, bytes] = {}
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            found[str(path)] = path.read_bytes() if path.is_file() else b"(folder)"
    return found


def names_in(text: str) -> Sequence[str]:
    """The names of the XMLs that a text speaks of, without their times."""
    return re.findall(r"commandes_\d{8}_\d{6}\.xml", text)
