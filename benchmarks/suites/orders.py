"""The order file: a sales XML of the same content from everyone."""

from collections.abc import Iterator
from pathlib import Path

from lxml import etree

from benchmarks.data import order_csv
from benchmarks.measure import python, take_turns
from benchmarks.suites.shared import OURS, DifferError, Outcome, Scale, target

_MODULES = {
    OURS: "orders_passerelle",
    "pandas script": "orders_script",
    "csv and ElementTree": "orders_elementtree",
}


def orders(folder: Path, scale: Scale) -> Iterator[Outcome]:
    """Everyone on the same file; the XMLs are compared in their canonical form."""
    source = order_csv(folder / "orders.csv", scale.order_lines)
    contenders = [python(n, module, source, target(folder, n)) for n, module in _MODULES.items()]
    timings = take_turns(contenders, scale.rounds)
    for name in _MODULES:
        if _canonical(target(folder, name)) != _canonical(target(folder, OURS)):
            raise DifferError(f"{name} wrote other orders")
    ready = python("libxml2, its tree ready", "xml_limit", target(folder, OURS), folder / "x")
    timings |= take_turns([ready], scale.rounds)
    yield Outcome(f"Orders, {scale.order_lines:,} lines", source.stat().st_size, timings)


def _canonical(path: Path) -> bytes:
    parser = etree.XMLParser(remove_blank_text=True, huge_tree=True)
    tree = etree.parse(path, parser)
    for element in tree.iter("generated"):
        element.text = ""
    return etree.tostring(tree, method="c14n")
