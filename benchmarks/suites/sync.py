"""Stock from ZORT into Odoo: 100,000 SKUs, 300 changed; both ends are fakes in this process.

The fakes take most of the time of the whole; what counts is the memory, the calls, and
``inside``: the processor's seconds of ``run sync`` alone.
"""

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import Contender, take_turns
from benchmarks.suites.shared import Outcome, Scale
from passerelle.cli.demo.odoo import FakeOdoo
from passerelle.cli.demo.zort import FakeZort, ZortProduct

_CHANGED = 300
# What the program itself took of a processor, whatever it waited for.
_OWN = """
import json, os, runpy, sys, time
out, sys.stdout = sys.stdout, open(os.devnull, "w", encoding="utf-8")
sys.argv = ["passerelle", *sys.argv[1:]]
try:
    runpy.run_module("passerelle", run_name="__main__")
except SystemExit as end:
    if end.code:
        raise
print(json.dumps({"inside": time.process_time()}), file=out)
"""
_CONFIG = """\
folder = "data"
report.after_runs = false
[connectors.zort]
kind = "zort"
url = "{zort.url}"
storename = "{zort.storename}"
apikey = "{zort.apikey}"
apisecret = "{zort.apisecret}"
rate = 100.0
[connectors.odoo]
kind = "odoo"
url = "{odoo.url}"
database = "{odoo.database}"
apikey = "{key}"
[sync.stock_th]
from = "zort"
to = "odoo"
every = 60
"""


def sync(folder: Path, scale: Scale) -> Iterator[Outcome]:
    """A job where a few levels changed, on as many SKUs as the scale says."""
    number = scale.sync_skus
    changed = min(_CHANGED, number // 10)
    with FakeZort() as zort, FakeOdoo() as odoo:
        for n in range(number):
            odoo.add_product(f"SKU-{n:06}", 5.0)
        zort.products = [ZortProduct(f"SKU-{n:06}", "5") for n in range(number)]
        folder.mkdir(exist_ok=True)
        text = _CONFIG.format(zort=zort, odoo=odoo, key=odoo.key())
        (folder / "config.toml").write_text(text, encoding="utf-8", newline="\n")
        turn = iter(range(6, 1_000))

        def change() -> None:
            level = str(next(turn))
            for product in zort.products[:changed]:
                product.stock = level
            zort.requests.clear()
            odoo.requests.clear()

        command = (sys.executable, "-c", _OWN, "--config", str(folder / "config.toml"))
        contender = Contender("sync run", (*command, "sync", "run"), change)
        timings = take_turns([contender], scale.rounds)
        calls = Counter(request.path.rpartition("/")[2] for request in odoo.requests)
        notes = [
            f"requests: {len(zort.requests)} to ZORT, {calls['create']} writes and "
            f"{sum(calls.values())} in all to Odoo"
        ]
    yield Outcome(f"`sync run`, {number:,} SKUs, {changed} changed", 0, timings, notes, ours="")
