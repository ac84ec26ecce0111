"""duckdb, which reads and writes UTF-8 only: the cp1252 is turned on the way in and out."""

import sys
from pathlib import Path

import duckdb

from benchmarks.contenders.stock_work import read_work
from benchmarks.contenders.timing import timed

_FIX = """
COPY (
    SELECT * EXCLUDE (n, item)
        REPLACE (CASE WHEN item IS NULL THEN "Stock" ELSE '0' END AS "Stock")
    FROM (SELECT *, row_number() OVER () AS n FROM read_csv(
        '{source}', delim = '{separator}', header = true, all_varchar = true, quote = '"'
    )) LEFT JOIN missed ON item = {key}
    ORDER BY n
) TO '{target}' (DELIMITER '{separator}', HEADER true)
"""


def main(source: str, work_file: str, target: str) -> None:
    """Fixes ``source`` into ``target``."""
    todo = read_work(work_file)

    def work() -> None:
        utf8, written = Path(target + ".in"), Path(target + ".out")
        utf8.write_bytes(Path(source).read_bytes().decode(todo.encoding).encode())
        database = duckdb.connect()
        database.execute("CREATE TABLE missed (item VARCHAR)")
        database.execute("INSERT INTO missed SELECT unnest($items)", {"items": todo.items})
        key = 'trim("Gencod")' if todo.blanks else '"Gencod"'
        places = {"source": utf8, "target": written, "separator": todo.separator}
        database.execute(_FIX.format(**places, key=key))
        text = written.read_bytes().decode()
        Path(target).write_bytes(text.replace("\n", "\r\n").encode(todo.encoding))

    timed(work)


if __name__ == "__main__":
    main(*sys.argv[1:])
