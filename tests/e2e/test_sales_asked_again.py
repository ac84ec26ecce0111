"""A sale that was wanted is asked for again, right before it is issued."""

from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest

from passerelle.runs import fulfil
from tests.e2e.test_after_sending import concerns
from tests.e2e.test_fulfil import CANCELLED, PAID, PLENTY, UNPAID, Shop, order
from tests.world import World

EMPTY = {"370": 0, "371": 50}


@pytest.fixture
def shop(world: World) -> Shop:
    return Shop(world)


@pytest.mark.parametrize(
    ("status", "state", "problem", "kind"),
    [
        (PAID, "sent", "", {}),
        ("Expédié", "sent", "", {}),
        (UNPAID, "wanted", "status", {}),
        ("Colis égaré", "wanted", "unknown", {"sale_stuck": ("1",)}),
        (CANCELLED, "withdrawn", "", {"cancelled": ("1",)}),
    ],
)
def test_a_sale_that_waits_for_stock_is_issued_only_while_it_is_wanted(
    shop: Shop, status: str, state: str, problem: str, kind: dict[str, tuple[str, ...]]
) -> None:
    shop.stock(EMPTY)
    shop.run(order("1"))
    shop.erp.takes()
    shop.stock(PLENTY)
    shop.world.shop_writes(order("1", status))
    shop.world.run("run", "orders")
    assert (shop.state("1"), shop.sale("1")["problem"] or "") == (state, problem)
    assert concerns(shop.world) == kind
    shop.run(order("1"))
    assert [len(shop.erp.lying()), shop.state("1")] == [1, "sent"]


@pytest.mark.parametrize(
    ("again", "issued"),
    [
        (order("1"), True),
        (order("1", CANCELLED), False),
        (order("1", UNPAID), False),
        (order("1", items={"370": 2}), False),
        (order("2"), False),
        (None, False),
    ],
    ids=["the same", "cancelled", "unpaid", "changed", "gone", "no file"],
)
def test_what_the_shop_says_while_the_run_is_at_it_counts(
    shop: Shop, again: Any, issued: bool
) -> None:
    carry_out: Callable[..., Any] = fulfil._carry_out

    def meanwhile(*args: Any) -> Any:
        if again is None:
            (shop.world.server.root / "commandes.csv").unlink()
        else:
            shop.world.shop_writes(again, order("9", UNPAID))
        return carry_out(*args)

    with mock.patch.object(fulfil, "_carry_out", meanwhile):
        shop.world.shop_writes(order("1"))
        shop.world.run("run", "orders")
    assert bool(shop.erp.lying()) == issued


def test_a_sale_that_was_under_way_is_called_off_when_it_is_not_paid_any_more(
    shop: Shop,
) -> None:
    with mock.patch("passerelle.ledger.outbox.DispatchBook.stage", side_effect=KeyboardInterrupt):
        shop.run(order("1", UNPAID), code=130)
    shop.run(order("1", UNPAID))
    shop.erp.takes()
    with mock.patch("passerelle.ledger.outbox.DispatchBook.stage", side_effect=KeyboardInterrupt):
        shop.run(order("1"), code=130)
    shop.run(order("1", UNPAID))
    assert shop.erp.lying() == []
    assert shop.state("1") == "wanted"
