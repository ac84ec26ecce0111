"""Passerelle's own way, from file to file: the rules that a run applies, without the servers."""

import json
import sys
from pathlib import Path

from benchmarks.measure import timed
from passerelle.config.stock import Stock
from passerelle.model.orders import Missed
from passerelle.stock_csv_fix.fix import fix_stock

SERVERS = {"folder": Path(), "servers": ("ftp",)}


def main(source: str, missed: str, target: str) -> None:
    """Fixes ``source`` into ``target``; ``missed`` is a JSON list of items."""
    settings = Stock.model_validate({"from": "ftp:a", "to": "ftp:b"}, context=SERVERS)
    items = json.loads(Path(missed).read_text("utf-8"))

    def work() -> None:
        sales = {item.lstrip("0"): Missed(None, ("1",)) for item in items}
        fixed = fix_stock(Path(source).read_bytes(), settings, sales, "ExportCSV.csv")
        Path(target).write_bytes(fixed.data)

    timed(work)


if __name__ == "__main__":
    main(*sys.argv[1:])
