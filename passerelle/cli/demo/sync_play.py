"""``passerelle demo --sync``: a ZORT and an Odoo in this process, and the sync between them."""

from pathlib import Path

from passerelle.base.language import N_, _
from passerelle.cli.demo import Tell, at, prepare
from passerelle.cli.demo.odoo import FakeOdoo
from passerelle.cli.demo.zort import FakeZort, ZortProduct
from passerelle.config.load import load_config
from passerelle.config.shown import toml_value
from passerelle.ledger.ledger import open_ledger
from passerelle.runs.starting import start

_PRODUCTS = (
    ("TEE-S", "12"), ("TEE-M", "0"), ("TEE-L", "7"), ("CAP", "2.5"), ("MUG", "31"),
    ("", "4"), ("NEW", "9"), ("SILK", "3"),
)  # fmt: skip
# What Odoo has at first; NEW is not there, and SILK is kept by lot.
_LEVELS = {"TEE-S": 10.0, "TEE-M": 4.0, "TEE-L": 7.0, "CAP": None, "MUG": 30.0}
_ASKED = (
    (N_("ZORT sells 2 of TEE-S. The next job writes that one level."), {"TEE-S": "10"}),
    (N_("ZORT answers 0 for most of it, as after a mistake. The job is held."),
     {"TEE-S": "0", "TEE-L": "0", "MUG": "0"}),
)  # fmt: skip


def play_sync(folder: Path, tell: Tell) -> None:
    """Plays three jobs in ``folder``, whose config and ledger stay there to look at.

    Both systems end with it. Raises :class:`UsageError` for a folder that holds something else.
    """
    folder = folder.absolute()
    prepare(folder)
    products = [ZortProduct(sku, level) for sku, level in _PRODUCTS]
    with FakeZort(products) as zort, FakeOdoo() as odoo:
        for sku, level in _LEVELS.items():
            odoo.add_product(sku, level)
        odoo.add_product("SILK", 1.0, tracking="lot")
        (folder / "config.toml").write_text(_config(zort, odoo), encoding="utf-8")
        at("10:20", _("ZORT has 8 products; Odoo knows most of them. The first job:"), tell)
        _job(folder)
        for number, (text, levels) in enumerate(_ASKED, 1):
            for product in zort.products:
                product.stock = levels.get(product.sku or "", product.stock)
            at(f"10:{20 + 10 * number}", _(text), tell)
            _job(folder)
    _tell_jobs(folder, tell)


def _job(folder: Path) -> None:
    start(load_config(folder / "config.toml"), "sync", target="stock_th")


def _tell_jobs(folder: Path, tell: Tell) -> None:
    ledger = open_ledger(folder)
    try:
        for job in reversed(ledger.jobs.latest(3)):
            tell(f"#{job.number} {job.target} {_(job.state)}: {job.error or job.result}")
    finally:
        ledger.close()
    text = _("Look around in {folder}: passerelle --config config.toml jobs list, stock why TEE-S")
    tell(text.format(folder=folder))


def _config(zort: FakeZort, odoo: FakeOdoo) -> str:
    keys: dict[str, dict[str, object]] = {
        "connectors.zort": {
            "kind": "zort",
            "url": zort.url,
            "storename": zort.storename,
            "apikey": zort.apikey,
            "apisecret": zort.apisecret,
            "rate": 50.0,
        },
        "connectors.odoo": {
            "kind": "odoo",
            "url": odoo.url,
            "database": odoo.database,
            "apikey": odoo.key("stock"),
        },
        "sync.stock_th": {"from": "zort", "to": "odoo"},
        "report": {"after_runs": True},
    }
    tables = (
        "\n".join([f"[{name}]", *(f"{key} = {toml_value(one)}" for key, one in table.items())])
        for name, table in keys.items()
    )
    return "\n\n".join(tables) + "\n"
