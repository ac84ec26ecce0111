"""The states of an order, and every step that is allowed between them."""

from collections.abc import Mapping
from enum import StrEnum

from passerelle.base.language import N_, _

# What people read of the states of orders, sales, shops and tills, and of what happened to them;
# programs read the values.
_WORDS = (N_("waiting"), N_("withheld"), N_("rejected"), N_("prepared"), N_("sent"), N_("taken"),
          N_("skipped"), N_("settled"), N_("wanted"), N_("done"), N_("refused"), N_("withdrawn"),
          N_("asked"), N_("joining"), N_("member"), N_("left"), N_("draft"), N_("paid"),
          N_("cancelled"), N_("changed"), N_("twice"), N_("older"))  # fmt: skip


def state_in_words(state: StrEnum) -> str:
    """In the language spoken; in English, the value itself."""
    return _(state.value)


class State(StrEnum):
    """Where an order stands.

    ``waiting``: its status is not to be sent yet, or it is to be sent again. ``withheld``: paid
    with a gift card. ``rejected``: illegible. ``prepared``: in an XML that is on its way.
    ``sent``: in the ERP's import folder. ``taken``: the ERP has fetched it. ``skipped``: the
    previous system's. ``settled``: entered by hand.
    """

    WAITING = "waiting"
    WITHHELD = "withheld"
    REJECTED = "rejected"
    PREPARED = "prepared"
    SENT = "sent"
    TAKEN = "taken"
    SKIPPED = "skipped"
    SETTLED = "settled"


_UNSENT = frozenset((State.WAITING, State.WITHHELD, State.REJECTED, State.PREPARED, State.SKIPPED))
# ``None`` is an order that the ledger has not met. Back to waiting means: send it (again).
TRANSITIONS: Mapping[State | None, frozenset[State]] = {
    None: _UNSENT,
    State.WAITING: _UNSENT | {State.SETTLED},
    State.WITHHELD: _UNSENT | {State.SETTLED},
    State.REJECTED: _UNSENT | {State.SETTLED},
    State.PREPARED: frozenset((State.SENT, State.WAITING, State.SETTLED)),
    State.SENT: frozenset((State.TAKEN, State.WAITING, State.PREPARED)),
    State.TAKEN: frozenset((State.WAITING,)),
    State.SKIPPED: frozenset((State.WAITING,)),
    State.SETTLED: frozenset((State.WAITING,)),
}
# The ERP has these, or a person saw to them: the run leaves them alone.
DONE = frozenset((State.PREPARED, State.SENT, State.TAKEN, State.SKIPPED, State.SETTLED))


class OpenMatter(StrEnum):
    """What is open about an order beside its state, until a person settles it.

    After it was sent: ``changed`` or ``cancelled`` in the shop, its id used again there
    (``id_reused``), its XML ``refused`` by the ERP. It was asked for again while its XML lay there,
    so that the ERP may get it ``twice``. Before: ``older`` than orders that were
    adopted, so that nobody knows whether the previous system sent it; it waited, and ``left`` the
    shop's file, so that nobody knows what became of it.
    """

    CHANGED = "changed"
    CANCELLED = "cancelled"
    ID_REUSED = "id_reused"
    REFUSED = "refused"
    OLDER = "older"
    LEFT = "left"
    TWICE = "twice"


class SaleState(StrEnum):
    """Where an order's sale stands.

    ``wanted``: to be issued, as soon as nothing stands against it. ``prepared``: its XML is on its
    way. ``sent``: in the ERP's folder, or taken from it, and not answered yet. ``done``: the ERP
    took it and did not refuse it, or a person saw to it. ``refused``: the ERP would not take it.
    ``withdrawn``: the shop cancelled the order.
    """

    WANTED = "wanted"
    PREPARED = "prepared"
    SENT = "sent"
    DONE = "done"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


_S = SaleState
# An ERP may refuse late what counted as done; a person may have undone it, or want it again.
SALE_TRANSITIONS: Mapping[SaleState | None, frozenset[SaleState]] = {
    None: frozenset((_S.WANTED,)),
    _S.WANTED: frozenset((_S.WANTED, _S.PREPARED, _S.WITHDRAWN, _S.DONE)),
    _S.PREPARED: frozenset((_S.PREPARED, _S.SENT, _S.WANTED, _S.DONE)),
    _S.SENT: frozenset((_S.SENT, _S.DONE, _S.REFUSED, _S.WITHDRAWN)),
    _S.DONE: frozenset((_S.DONE, _S.REFUSED, _S.WANTED, _S.WITHDRAWN)),
    _S.REFUSED: frozenset((_S.REFUSED, _S.WANTED, _S.WITHDRAWN, _S.DONE)),
    _S.WITHDRAWN: frozenset((_S.WANTED,)),
}


class Kind(StrEnum):
    """What is promised to a server.

    An XML of ``orders``, of one order of a ``till``, or of a ``sale``: kept in ArchiveExport,
    uploaded again after a crash, never written over another file. Levels, of ``stock`` or of a shop
    of the ``pool``: absolute, so that a newer file may stand in for them; what was cut short is not
    finished, but made anew.
    A batch of levels that a ``sync`` writes through an API: promised before it is sent, ``taken``
    once it was read back, ``doubtful`` where the answer was lost, and then looked up.
    """

    ORDERS = "orders"
    SALE = "sale"
    STOCK = "stock"
    POOL = "pool"
    SYNC = "sync"
    TILL = "till"


OF_ORDERS = (Kind.ORDERS, Kind.TILL)
XMLS, LEVELS = (*OF_ORDERS, Kind.SALE), (Kind.STOCK, Kind.POOL)


class Stage(StrEnum):
    """Where one file stands on its way to whoever takes it.

    ``prepared``: promised. ``staged``: whole on the server, under a name that nobody else touches
    (where renaming is forbidden: its upload has begun). ``sent``: there under its own name.
    ``taken``: gone from there. ``doubtful``: nobody but the ERP can tell whether it arrived, so
    that a person must look. ``abandoned``: it never reached its name. ``superseded``: a newer one
    took its place. ``withdrawn``: taken back before it was taken.
    """

    PREPARED = "prepared"
    STAGED = "staged"
    SENT = "sent"
    TAKEN = "taken"
    DOUBTFUL = "doubtful"
    ABANDONED = "abandoned"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"


_G = Stage
_ENDED = frozenset[Stage]()
_UPLOADED = frozenset((_G.STAGED, _G.SENT, _G.DOUBTFUL, _G.ABANDONED, _G.SUPERSEDED, _G.TAKEN))
# The one state machine of all that is promised to a server. A shop takes a file that was uploaded
# directly, whether or not the run lived to note that it was whole.
STAGES: Mapping[Stage | None, frozenset[Stage]] = {
    None: frozenset((_G.PREPARED,)),
    _G.PREPARED: frozenset((_G.STAGED, _G.DOUBTFUL, _G.ABANDONED, _G.SUPERSEDED, _G.TAKEN)),
    _G.STAGED: _UPLOADED | {_G.PREPARED, _G.WITHDRAWN},
    _G.DOUBTFUL: _UPLOADED,
    _G.SENT: frozenset((_G.TAKEN, _G.SUPERSEDED, _G.WITHDRAWN, _G.DOUBTFUL)),
    _G.TAKEN: _ENDED,
    _G.ABANDONED: _ENDED,
    _G.SUPERSEDED: _ENDED,
    _G.WITHDRAWN: _ENDED,
}

# What whoever it is for has not taken yet, for all that is known.
UNTAKEN = (Stage.PREPARED, Stage.STAGED, Stage.SENT)
# What others could see: the publications that are compared with and explained.
SEEN = (Stage.SENT, Stage.TAKEN, Stage.SUPERSEDED, Stage.WITHDRAWN)


# The run of orders looks at these again.
UNSENT = (State.WAITING, State.REJECTED)
OPEN = (SaleState.WANTED, SaleState.REFUSED)
IN_ERP = (State.SENT, State.TAKEN)
ON_THE_WAY = (SaleState.PREPARED, SaleState.SENT)
