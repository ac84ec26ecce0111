"""All targets, in the order in which a long search tries them."""

from typing import Any

from tests.fuzz import Target, command_line, config_toml, generated, order_csv, stock_csv

TARGETS: tuple[Target[Any], ...] = (
    generated.GENERATED,
    order_csv.DAMAGED,
    order_csv.RAW,
    stock_csv.DAMAGED,
    stock_csv.RAW,
    config_toml.DAMAGED,
    config_toml.RAW,
    command_line.PROGRAM,
)
