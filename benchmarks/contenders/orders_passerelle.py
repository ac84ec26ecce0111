"""Passerelle's own way, from file to file, with all that it checks."""

import sys
from datetime import datetime
from pathlib import Path

from benchmarks.contenders.timing import timed
from passerelle.base.circles import look_for_few_circles

SERVERS = {"folder": Path(), "servers": ("ftp",)}


def main(source: str, target: str) -> None:
    """Turns ``source`` into ``target``."""
    look_for_few_circles()  # as passerelle.__main__ does before it loads anything big
    from passerelle.config.orders import Orders
    from passerelle.csv_to_xml.order_csv import read_orders
    from passerelle.csv_to_xml.sales_xml import write_sales
    from passerelle.rules.fate import Fate, judge

    places = {"from": "ftp:a", "to": "ftp:b", "store": "008"}
    settings = Orders.model_validate(places, context=SERVERS)

    def work() -> None:
        file = read_orders(Path(source).read_bytes(), settings, "commandes.csv")
        orders = [
            reading.order
            for reading in file.readings
            if reading.order and judge(reading, settings).fate == Fate.SEND
        ]
        now = datetime.fromisoformat("2026-11-25T10:27:00+00:00")
        Path(target).write_bytes(write_sales(orders, settings, now).data)

    timed(work)


if __name__ == "__main__":
    main(*sys.argv[1:])
