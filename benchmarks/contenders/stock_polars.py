"""polars, which reads and writes UTF-8 only: cp1252 is turned on the way in and out."""

import sys
from pathlib import Path

import polars as pl

from benchmarks.contenders.stock_work import read_work
from benchmarks.contenders.timing import timed


def main(source: str, work_file: str, target: str) -> None:
    """Fixes ``source`` into ``target``."""
    todo = read_work(work_file)
    is_utf8 = todo.encoding == "utf-8"

    def work() -> None:
        data = Path(source).read_bytes()
        text = data if is_utf8 else data.decode(todo.encoding).encode()
        frame = pl.read_csv(
            text, separator=todo.separator, infer_schema=False, empty_string_is_null=False
        )
        items = pl.col("Gencod")
        held = (items.str.strip_chars() if todo.blanks else items).is_in(todo.items)
        frame = frame.with_columns(Stock=pl.when(held).then(pl.lit("0")).otherwise(pl.col("Stock")))
        if is_utf8:
            frame.write_csv(target, separator=todo.separator, line_terminator="\r\n")
        else:
            written = frame.write_csv(separator=todo.separator, line_terminator="\r\n")
            Path(target).write_bytes(written.encode(todo.encoding))

    timed(work)


if __name__ == "__main__":
    main(*sys.argv[1:])
