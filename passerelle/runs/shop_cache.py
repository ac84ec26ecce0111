"""The back office's rescue: the shop's cache is put out of its way, and the shop builds it anew.

What is known by hand as "rename var/cache/prod": PrestaShop (Symfony) keeps there what it has
compiled, and a broken piece of it takes the back office down.
"""

from collections.abc import Iterator

from passerelle.base.errors import (
    AlreadyThereError,
    NotFoundError,
    PermanentError,
    TimeLimitError,
    TransientError,
    UnreachableError,
)
from passerelle.base.language import _
from passerelle.model.location import Location
from passerelle.remotes.base import Remote, find

# Whoever has kept so many has forgotten to delete them, and fills the shop's disk.
_MOST = 99


def put_away(remote: Remote, prod: Location) -> Location:
    """Renames the cache to ``prodold``, ``prodold2``, …, the first that is free; where it is now.

    Raises :class:`UnreachableError`, which says whether nothing was changed or that is not known.
    """
    for place in _names(prod):
        try:
            if not remote.has_folder(prod.path):
                raise _no_cache(prod)
            if remote.has_folder(place.path) or find(remote, place.path):
                continue
        except UnreachableError as error:
            raise _unchanged(error) from error
        if _rename(remote, prod, place):
            return place
    what = _("nothing was changed: prodold to prodold{n} are all taken").format(n=_MOST)
    raise UnreachableError(what, str(prod), _("delete old ones there, then say it again"))


def _names(prod: Location) -> Iterator[Location]:
    yield prod.with_name("prodold")
    yield from (prod.with_name(f"prodold{number}") for number in range(2, _MOST + 1))


def _rename(remote: Remote, prod: Location, place: Location) -> bool:
    """``False`` where somebody has taken the name meanwhile."""
    try:
        remote.rename(prod.path, place.path)
        if remote.has_folder(place.path):
            return True
    except AlreadyThereError:
        return False
    except PermanentError as error:
        raise _unchanged(error) from error
    except UnreachableError as error:
        raise _unknown(prod, place, error.what) from error
    raise _unknown(prod, place, _("the server said yes, and does not show it"))


def _no_cache(prod: Location) -> NotFoundError:
    mend = _("let [shop] cache name the folder that holds prod; a shop nobody visits may lack it")
    return NotFoundError(_("no such folder"), str(prod), mend)


def _unchanged(error: UnreachableError) -> UnreachableError:
    what = _("nothing was changed: {why}").format(why=error.what)
    # Of these the mend is that the next run tries again, which here nothing does.
    may_pass = isinstance(error, TransientError | TimeLimitError)
    mend = _("see to the server or the network, then say it again") if may_pass else error.mend
    if isinstance(error, PermanentError) and not isinstance(error, NotFoundError):
        mend = _("let this account rename folders there, or rename it by hand on the shop's server")
    return UnreachableError(what, error.where, mend)


def _unknown(prod: Location, place: Location, why: str) -> UnreachableError:
    what = _("whether {place} was made of it is not known ({why})").format(place=place, why=why)
    return UnreachableError(what, str(prod), _("look there; to say it again does no harm"))
