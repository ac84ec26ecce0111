"""The script that people write: pandas, iterrows, minidom."""

import sys
from decimal import Decimal
from pathlib import Path
from xml.dom import minidom

import pandas as pd

from benchmarks.contenders.orders_names import AFTER, CUSTOMER, GENERATED, LINE, ORDER, text
from benchmarks.contenders.timing import timed


def main(source: str, target: str) -> None:
    """Turns ``source`` into ``target``."""
    timed(lambda: Path(target).write_bytes(convert(source)))


def convert(source: str) -> bytes:
    """The whole document in memory, as such scripts have it."""
    frame = pd.read_csv(source, sep=";", encoding="utf-8-sig", dtype=str, keep_default_na=False)
    document = minidom.Document()

    def add(parent: minidom.Element, key: str, value: str) -> None:
        element = document.createElement(key)
        element.appendChild(document.createTextNode(value))
        parent.appendChild(element)

    root = document.appendChild(document.createElement("orders"))
    add(root, "store", "008")
    add(root, "generated", GENERATED)
    add(root, "count", str(frame[ORDER["id"]].nunique()))
    for _, rows in frame.groupby(ORDER["id"], sort=False):
        first = rows.iloc[0]
        order = root.appendChild(document.createElement("order"))
        for key, column in ORDER.items():
            add(order, key, text(key, first[column]))
        add(order, "store", "008")
        customer = order.appendChild(document.createElement("customer"))
        for key, column in CUSTOMER.items():
            add(customer, key, first[column])
        for key, column in AFTER.items():
            add(order, key, text(key, first[column]))
        lines = order.appendChild(document.createElement("lines"))
        for _, row in rows.iterrows():
            line = lines.appendChild(document.createElement("line"))
            for key, column in LINE.items():
                add(line, key, text(key, row[column]))
            price = Decimal(text("unit_price", row[LINE["unit_price"]]))
            add(line, "amount", str(int(row[LINE["quantity"]]) * price))
    return document.toprettyxml(indent="  ", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
