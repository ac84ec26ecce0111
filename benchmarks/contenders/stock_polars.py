"""polars, which reads and writes UTF-8 only: the cp1252 is turned on the way in and out."""

import json
import sys
from pathlib import Path

import polars as pl

from benchmarks.measure import timed


def main(source: str, missed: str, target: str) -> None:
    """Fixes ``source`` into ``target``; ``missed`` is a JSON list of items."""
    items = json.loads(Path(missed).read_text("utf-8"))

    def work() -> None:
        text = Path(source).read_bytes().decode("cp1252").encode()
        frame = pl.read_csv(text, separator=";", infer_schema=False, empty_string_is_null=False)
        held = pl.col("Gencod").is_in(items)
        frame = frame.with_columns(Stock=pl.when(held).then(pl.lit("0")).otherwise(pl.col("Stock")))
        written = frame.write_csv(separator=";", line_terminator="\r\n")
        Path(target).write_bytes(written.encode("cp1252"))

    timed(work)


if __name__ == "__main__":
    main(*sys.argv[1:])
