"""Python's csv module and ElementTree."""

import csv
import pathlib
import sys
import xml.etree.ElementTree as ET
from decimal import Decimal

from benchmarks.contenders.orders_names import AFTER, CUSTOMER, GENERATED, LINE, ORDER, text
from benchmarks.contenders.timing import timed


def main(source: str, target: str) -> None:
    """Turns ``source`` into ``target``."""
    timed(lambda: convert(source, target))


def convert(source: str, target: str) -> None:
    """Reads it all, groups the lines by order, writes the tree."""
    orders: dict[str, list[dict[str, str]]] = {}
    with pathlib.Path(source).open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file, delimiter=";"):
            orders.setdefault(row[ORDER["id"]], []).append(row)
    root = ET.Element("orders")
    add(root, "store", "008")
    add(root, "generated", GENERATED)
    add(root, "count", str(len(orders)))
    for rows in orders.values():
        add_order(root, rows)
    ET.indent(root)
    ET.ElementTree(root).write(target, encoding="utf-8", xml_declaration=True)


def add(parent: ET.Element, key: str, value: str) -> None:
    """One element with its text."""
    ET.SubElement(parent, key).text = value


def add_order(root: ET.Element, rows: list[dict[str, str]]) -> None:
    """One order with its lines."""
    first, order = rows[0], ET.SubElement(root, "order")
    for key, column in ORDER.items():
        add(order, key, text(key, first[column]))
    add(order, "store", "008")
    customer = ET.SubElement(order, "customer")
    for key, column in CUSTOMER.items():
        add(customer, key, first[column])
    for key, column in AFTER.items():
        add(order, key, text(key, first[column]))
    lines = ET.SubElement(order, "lines")
    for row in rows:
        line = ET.SubElement(lines, "line")
        for key, column in LINE.items():
            add(line, key, text(key, row[column]))
        price = Decimal(text("unit_price", row[LINE["unit_price"]]))
        add(line, "amount", str(int(row[LINE["quantity"]]) * price))


if __name__ == "__main__":
    main(*sys.argv[1:])
