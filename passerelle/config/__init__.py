"""config.toml -> frozen settings; all faults at once, each with its key and line."""

from passerelle.config.load import find_config, load_config
from passerelle.config.model import (
    Archive,
    Chain,
    Fulfil,
    Orders,
    Schedule,
    Server,
    Settings,
    Stock,
    WrittenXml,
    Xml,
)
from passerelle.config.pool import Pool, PoolShop
from passerelle.config.types import Location

__all__ = [
    "Archive",
    "Chain",
    "Fulfil",
    "Location",
    "Orders",
    "Pool",
    "PoolShop",
    "Schedule",
    "Server",
    "Settings",
    "Stock",
    "WrittenXml",
    "Xml",
    "find_config",
    "load_config",
]
