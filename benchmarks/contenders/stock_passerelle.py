"""Passerelle's own way, from file to file: the rules that a run applies, without the servers."""

import sys
from pathlib import Path

from benchmarks.contenders.stock_work import read_work
from benchmarks.contenders.timing import timed
from passerelle.base.circles import look_for_few_circles

SERVERS = {"folder": Path(), "servers": ("ftp",)}
# Each shop has some, and the ERP does not.
CARDS = {"column": "ID", "ids": ["51", "52"], "quantity": 100}


def main(source: str, work_file: str, target: str) -> None:
    """Fixes ``source`` into ``target``."""
    look_for_few_circles()  # as passerelle.__main__ does before it loads anything big
    from passerelle.base.words import gtin
    from passerelle.config.stock import Stock
    from passerelle.model.orders import Missed
    from passerelle.stock_csv_fix.fix import fix_stock

    places = {"from": "ftp:a", "to": "ftp:b", "gift_cards": CARDS}
    settings = Stock.model_validate(places, context=SERVERS)
    todo = read_work(work_file)

    def work() -> None:
        sales = {gtin(item): Missed(None, ("1",)) for item in todo.items}
        fixed = fix_stock(Path(source).read_bytes(), settings, sales, "ExportCSV.csv")
        with Path(target).open("wb") as file:
            file.writelines(fixed.pieces[:-1] if fixed.gift_cards else fixed.pieces)

    timed(work)


if __name__ == "__main__":
    main(*sys.argv[1:])
