"""What the page has where it is served live: files beside it, and buttons."""

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from passerelle.health.concerns import Concern


class Button(Struct, frozen=True):
    """A button, as a form that posts ``values`` to ``actions/ACTION``.

    ``command`` is what a person would type instead. What is ``asking`` tells what will follow
    before it does anything.
    """

    label: str
    action: str
    values: Mapping[str, str]
    command: str
    asking: bool


class Live(Struct, frozen=True):
    """Styles and scripts by their addresses; buttons above all, those of each concern, and of each
    of its orders."""

    styles: Sequence[str]
    scripts: Sequence[str]
    toolbar: Sequence[Button]
    buttons_of: Callable[[Concern], Sequence[Button]]
    button_of_order: Callable[[Concern, str], Button | None]
