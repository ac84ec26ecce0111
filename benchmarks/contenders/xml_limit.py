"""The limit for XML: libxml2 writes a tree that is ready in memory."""

import sys
from pathlib import Path

from lxml import etree

from benchmarks.contenders.timing import timed


def main(source: str, target: str) -> None:
    """Writes the document in ``source`` to ``target``."""
    tree = etree.parse(source, etree.XMLParser(huge_tree=True))
    timed(lambda: Path(target).write_bytes(etree.tostring(tree, encoding="UTF-8")))


if __name__ == "__main__":
    main(*sys.argv[1:])
