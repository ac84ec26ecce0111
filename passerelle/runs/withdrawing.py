"""What is done where a run does not publish: old levels that a shop has not taken are taken back.

No file is no news to a shop, an old one is: it sells what others have bought since.
"""

from datetime import timedelta

from passerelle.base.errors import PasserelleError, bug_in_words
from passerelle.gateway.frame import Gateway
from passerelle.model.location import Location
from passerelle.model.states import Kind

# The run's own time may be over, or lost on a server that does not answer.
PATIENCE = timedelta(seconds=10)


def take_back(
    gateway: Gateway,
    place: Location,
    kind: Kind = Kind.STOCK,
    shop: str = "",
    patience: timedelta | None = None,
) -> None:
    """Tells what it did. Raises nothing: why the run ended is what matters."""
    try:
        gateway.renew(place.server, patience or PATIENCE)
        if told := gateway.outbox.levels.withdraw(place, kind, shop):
            gateway.warn(told)
    except PasserelleError as error:
        gateway.warn(str(error))
    except Exception as error:
        gateway.warn(bug_in_words(error))
