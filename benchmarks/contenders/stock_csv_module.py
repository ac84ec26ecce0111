"""Python's csv module, row by row."""

import csv
import sys
from pathlib import Path

from benchmarks.contenders.stock_work import read_work
from benchmarks.contenders.timing import timed


def main(source: str, work_file: str, target: str) -> None:
    """Fixes ``source`` into ``target``."""
    todo = read_work(work_file)
    items = {*todo.items}

    def work() -> None:
        with (
            Path(source).open(encoding=todo.encoding, newline="") as before,
            Path(target).open("w", encoding=todo.encoding, newline="") as after,
        ):
            reader = csv.reader(before, delimiter=todo.separator)
            writer = csv.writer(after, delimiter=todo.separator, lineterminator="\r\n")
            header = next(reader)
            key, level = header.index("Gencod"), header.index("Stock")
            writer.writerow(header)
            for row in reader:
                if row[key].strip() in items:
                    row[level] = "0"
                writer.writerow(row)

    timed(work)


if __name__ == "__main__":
    main(*sys.argv[1:])
