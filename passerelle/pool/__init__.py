"""Pure: one stock that several shops share, by unique item number.

The pool has one level for each item. What the shops sell moves it, each line of each order once;
every shop is then written absolute levels. A shop's own level is read only to find what people
changed by hand there. docs/pool.md has the formula, and why two simpler ones are wrong.
"""

from passerelle.pool.counting import count
from passerelle.pool.deciding import decide, moved, sold_last
from passerelle.pool.guards import check_amount, check_gone
from passerelle.pool.levels import LevelFile, read_level_file
from passerelle.pool.ordering import OrderLines, order_lines
from passerelle.pool.terms import (
    EDIT,
    Counted,
    Edit,
    Item,
    LineMark,
    Move,
    OrderLine,
    Plan,
    Pool,
    Published,
    Rules,
    Seen,
    ShopPlan,
    Shortfall,
    Suspect,
)
from passerelle.pool.views import View, judge

__all__ = [
    "EDIT",
    "Counted",
    "Edit",
    "Item",
    "LevelFile",
    "LineMark",
    "Move",
    "OrderLine",
    "OrderLines",
    "Plan",
    "Pool",
    "Published",
    "Rules",
    "Seen",
    "ShopPlan",
    "Shortfall",
    "Suspect",
    "View",
    "check_amount",
    "check_gone",
    "count",
    "decide",
    "judge",
    "moved",
    "order_lines",
    "read_level_file",
    "sold_last",
]
