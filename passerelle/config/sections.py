"""The sections of config.toml that a command cannot do without."""

from passerelle.base.errors import ConfigError
from passerelle.base.language import _
from passerelle.config.model import Settings
from passerelle.config.orders import Orders
from passerelle.config.pool import Pool as Section
from passerelle.config.stock import Stock


def orders_settings(settings: Settings) -> Orders:
    """The ``[orders]`` section. Raises :class:`ConfigError` where there is none."""
    if settings.orders is None:
        raise ConfigError(
            _("[orders] is missing"), "config.toml", _("add it; `passerelle init` shows how")
        )
    return settings.orders


def gift_card_ids(settings: Settings) -> tuple[str, ...]:
    """The product ids of the gift cards, as far as the config names them."""
    return settings.stock.gift_cards.ids if settings.stock else ()


def stock_settings(settings: Settings) -> Stock:
    """The ``[stock]`` section. Raises :class:`ConfigError` where there is none."""
    if settings.stock is None:
        raise ConfigError(
            _("[stock] is missing"), "config.toml", _("add it; `passerelle init` shows how")
        )
    return settings.stock


def pool_settings(settings: Settings) -> Section:
    """The ``[pool]`` section. Raises :class:`ConfigError` where there is none."""
    if settings.pool is None:
        raise ConfigError(
            _("[pool] is missing"), "config.toml", _("add it; `passerelle init` shows how")
        )
    return settings.pool
