"""Sales, as they are told in French: see tests/e2e/test_french.py for how that is seen."""

import pytest

from tests.e2e.test_french import CHECKED, brackets, is_french
from tests.e2e.test_fulfil import CANCELLED, PLENTY, Shop, order
from tests.shell import Result
from tests.world import World

__all__ = ["brackets"]  # a fixture of every test here
NAMES = (
    r"(^|(?<=·))(wanted|prepared|sent|done|refused|withdrawn|taken|erased)(?=·|\)|$)",
    r"\b(invoice|receipt)\b",
    r"\bfulfil\.\w+",
    r"\bREF\d",
    r"\"[^\"]*(accepté|accepted)\"",
    r"\bpasserelle orders (settle|retry|forget) \d`",
)
# Values of facts, and the events' own names.
FACTS = (r"^·: +\w+$", r"^  [-\d: ]+  \w+(: (invoice|receipt)?)?")


@pytest.fixture
def shop(world: World) -> Shop:
    return Shop(world)


def french(result: Result) -> bool:
    return is_french(result, *NAMES, *FACTS)


def test_the_runs(shop: Shop) -> None:
    def run(*sales: object) -> Result:
        if sales:
            shop.world.shop_writes(*sales)  # type: ignore[arg-type]
        return shop.world.run("run", "orders")

    shop.stock({"370": 1})
    shop.erp.refuses = {"1"}
    assert french(run(order("1"), order("2"), order("3", date="")))
    shop.erp.takes()
    assert french(run())
    assert french(run(order("1", CANCELLED), order("2", CANCELLED)))
    shop.stock(PLENTY)
    assert french(run(order("2"), order("4")))
    shop.erp.takes()
    assert french(run(order("2", CANCELLED), order("4", date="2026-11-24 09:00:00")))
    (shop.world.server.root / "ExportCSV.csv").unlink()
    assert french(run(order("5")))


def test_what_people_ask(shop: Shop) -> None:
    shop.stock({"370": 1})
    shop.run(order("1"), order("2"), order("3", "En attente"))
    for id in ("1", "2", "3"):
        assert french(shop.world.run("orders", "show", id))
    assert french(shop.world.run("orders", "list", "--state", "refused"))
    assert french(shop.world.run("orders", "retry", "2"))
    assert french(shop.world.run("orders", "retry", "1"))
    assert french(shop.world.run("orders", "retry", "3"))
    assert french(shop.world.run("orders", "settle", "2"))
    assert french(shop.world.run("orders", "show", "2"))
    shop.erp.takes()
    shop.run()
    assert french(shop.world.run("orders", "show", "1"))
    assert french(shop.world.run("orders", "retry", "1"))
    assert french(shop.world.run("orders", "forget", "--yes", "1"))
    assert is_french(shop.world.run("check"), *NAMES, CHECKED)
