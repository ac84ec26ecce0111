"""What it costs to start at all."""

import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import Contender, take_turns
from benchmarks.shop import Shop
from benchmarks.suites.shared import Outcome, Scale

_ORDERS, _STOCK_LINES = 40, 1_000


def starts(folder: Path, scale: Scale) -> Iterator[Outcome]:
    """The commands that do little or nothing, beside an interpreter that does nothing at all."""
    program = (sys.executable, "-m", "passerelle")
    shop, alone, written = Shop(folder / "shop"), "python alone", str(folder / "written")
    shop.open_with(_ORDERS, _STOCK_LINES)
    shop.configure("ftp://shop@127.0.0.1")
    orders, stock = (str(shop.server / name) for name in ("commandes.csv", "ExportCSV.csv"))
    contenders = [
        Contender(alone, (sys.executable, "-c", "pass")),
        Contender("passerelle --version", (*program, "--version")),
        Contender("passerelle --help", (*program, "--help")),
        Contender(f"convert, {_ORDERS} orders", shop.run("convert", orders, "-o", written)),
        Contender(f"fix, {_STOCK_LINES:,} lines", shop.run("fix", stock, "-o", written)),
    ]
    yield Outcome("Starts", 0, take_turns(contenders, scale.rounds * 3), ours=alone)
