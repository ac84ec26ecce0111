"""duckdb, which reads and writes UTF-8 only: the cp1252 is turned on the way in and out."""

import json
import sys
from pathlib import Path

import duckdb

from benchmarks.measure import timed

_FIX = """
COPY (
    SELECT * EXCLUDE (n, item)
        REPLACE (CASE WHEN item IS NULL THEN "Stock" ELSE '0' END AS "Stock")
    FROM (SELECT *, row_number() OVER () AS n FROM read_csv(
        '{source}', delim = ';', header = true, all_varchar = true, quote = '"'
    )) LEFT JOIN missed ON item = "Gencod"
    ORDER BY n
) TO '{target}' (DELIMITER ';', HEADER true)
"""


def main(source: str, missed: str, target: str) -> None:
    """Fixes ``source`` into ``target``; ``missed`` is a JSON list of items."""
    items = json.loads(Path(missed).read_text("utf-8"))

    def work() -> None:
        utf8, written = Path(target + ".in"), Path(target + ".out")
        utf8.write_bytes(Path(source).read_bytes().decode("cp1252").encode())
        database = duckdb.connect()
        database.execute("CREATE TABLE missed (item VARCHAR)")
        database.execute("INSERT INTO missed SELECT unnest($items)", {"items": items})
        database.execute(_FIX.format(source=utf8, target=written))
        text = written.read_bytes().decode()
        Path(target).write_bytes(text.replace("\n", "\r\n").encode("cp1252"))

    timed(work)


if __name__ == "__main__":
    main(*sys.argv[1:])
