"""Python's csv module, row by row."""

import csv
import json
import sys
from pathlib import Path

from benchmarks.measure import timed


def main(source: str, missed: str, target: str) -> None:
    """Fixes ``source`` into ``target``; ``missed`` is a JSON list of items."""
    items = set(json.loads(Path(missed).read_text("utf-8")))

    def work() -> None:
        with (
            Path(source).open(encoding="cp1252", newline="") as before,
            Path(target).open("w", encoding="cp1252", newline="") as after,
        ):
            reader = csv.reader(before, delimiter=";")
            writer = csv.writer(after, delimiter=";", lineterminator="\r\n")
            header = next(reader)
            key, level = header.index("Gencod"), header.index("Stock")
            writer.writerow(header)
            for row in reader:
                if row[key] in items:
                    row[level] = "0"
                writer.writerow(row)

    timed(work)


if __name__ == "__main__":
    main(*sys.argv[1:])
