"""Stock from ZORT into Odoo: 100,000 SKUs, 300 changed, against fakes; 5,000 against a real Odoo.

The fakes in this process take most of the time of the whole; what counts there is the memory, the
calls, and ``inside``: the processor's seconds of ``run sync`` alone. With the real one it is what
the run takes beyond that Odoo's own answers.
"""

import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import Contender, Timings, take_turns
from benchmarks.suites.shared import Outcome, Scale
from passerelle.cli.demo.odoo import FakeOdoo
from passerelle.cli.demo.zort import FakeZort, ZortProduct
from tests.servers.real import CannotStartError
from tests.servers.real_odoo import OdooServer, RealOdoo

_CHANGED = 300
# Odoo makes so many records in one request without meeting its limit.
_AT_ONCE = 250
# What that Odoo took for its answers (`inside`); what the fake ZORT took, the program's start and
# the rest go into a file.
_ANSWERS = """
import json, os, runpy, sys, time
began = time.perf_counter()
import httpx
out, sys.stdout = sys.stdout, open(os.devnull, "w", encoding="utf-8")
sys.argv, request = ["passerelle", *sys.argv[1:]], httpx.Client.request
spent = {"odoo": 0.0, "zort": 0.0}
def timed(self, method, url, **more):
    started = time.perf_counter()
    spent.setdefault("start", started - began)
    try:
        return request(self, method, url, **more)
    finally:
        which = "odoo" if str(url).startswith(os.environ["BENCH_ODOO"]) else "zort"
        spent[which] += time.perf_counter() - started
httpx.Client.request = timed
try:
    runpy.run_module("passerelle", run_name="__main__")
except SystemExit as end:
    if end.code:
        raise
spent["rest"] = time.perf_counter() - began - sum(spent.values())
print(json.dumps(spent), file=open(os.environ["BENCH_PARTS"], "a", encoding="utf-8"))
print(json.dumps({"inside": spent["odoo"]}), file=out)
"""
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
login = "stock"
apikey = "{key}"
[sync.stock_th]
from = "zort"
to = "odoo"
every = 60
"""


def sync(folder: Path, scale: Scale) -> Iterator[Outcome]:
    yield from _against_fakes(folder / "fakes", scale)
    yield from _against_a_real_odoo(folder / "real", scale)


def _against_fakes(folder: Path, scale: Scale) -> Iterator[Outcome]:
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


def _against_a_real_odoo(folder: Path, scale: Scale) -> Iterator[Outcome]:
    title = f"`sync run` into a real Odoo 19, {scale.odoo_skus:,} SKUs, {_CHANGED} changed"
    if not scale.odoo_skus:
        yield Outcome(title, 0, {}, ["Left out: a rehearsal needs no real Odoo."])
        return
    try:
        server = OdooServer(f"bench-{os.getpid()}")
    except CannotStartError as error:
        yield Outcome(title, 0, {}, [f"Left out: {error}"])
        return
    odoo = server.fresh()
    try:
        timings = _time_real(folder, scale, odoo)
    finally:
        server.drop(odoo)
        server.leave()
    yield Outcome(title, 0, {timings.name: timings}, [_parts(folder / "parts")], ours="")


def _parts(file: Path) -> str:
    """Where the time went that Odoo did not take, in all rounds."""
    rounds = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    odoo, zort, start, rest = (
        sum(one[part] for one in rounds) for part in ("odoo", "zort", "start", "rest")
    )
    return (
        f"Beyond that Odoo's own answers (inside): {rest / odoo:.1%} for the sync itself, "
        f"{start / odoo:.1%} for the program's start, {zort / odoo:.1%} for the fake ZORT's answers"
    )


def _time_real(folder: Path, scale: Scale, odoo: RealOdoo) -> Timings:
    skus = [f"SKU-{n:06}" for n in range(scale.odoo_skus)]
    _fill(odoo, skus)
    folder.mkdir()
    with FakeZort([ZortProduct(sku, "5") for sku in skus]) as zort:
        text = _CONFIG.format(zort=zort, odoo=odoo, key=odoo.keys["stock"])
        (folder / "config.toml").write_text(text, encoding="utf-8", newline="\n")
        turn = iter(range(6, 1_000))

        def change() -> None:
            level = str(next(turn))
            for product in zort.products[:_CHANGED]:
                product.stock = level

        command = (sys.executable, "-c", _ANSWERS, "--config", str(folder / "config.toml"))
        known = {"BENCH_ODOO": odoo.url, "BENCH_PARTS": str(folder / "parts")}
        contender = Contender("sync run", (*command, "sync", "run"), change, known)
        return take_turns([contender], scale.rounds)["sync run"]


def _fill(odoo: RealOdoo, skus: list[str]) -> None:
    """Each with a level of 5."""
    for start in range(0, len(skus), _AT_ONCE):
        made = [
            {"name": sku, "default_code": sku, "is_storable": True}
            for sku in skus[start : start + _AT_ONCE]
        ]
        ids = odoo.call("product.product/create", vals_list=made)
        quants = [{"product_id": id, "location_id": odoo.stock, "quantity": 5} for id in ids]
        odoo.call("stock.quant/create", vals_list=quants)
