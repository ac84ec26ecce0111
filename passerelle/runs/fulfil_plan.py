"""Pure: what fulfilment will do, and how that is told."""

from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import Struct

from passerelle.base.errors import PasserelleError, RejectedError
from passerelle.base.language import N_, _, n_
from passerelle.base.wording import FEW, few
from passerelle.model.location import Location
from passerelle.model.records import Issue, SaleMark
from passerelle.model.states import SaleState
from passerelle.rules.fulfilment import FAULTS, Problem
from passerelle.runs.fulfil_look import Answers

_DOCUMENTS = {"invoice": N_("an invoice"), "receipt": N_("a receipt")}


class SaleParcel(Struct, frozen=True):
    """The XML of one sale, ready to go: its bytes, its name on the server.

    ``fingerprint`` tells the order that it was written from.
    """

    issue: Issue
    data: bytes
    place: Location
    fingerprint: str = ""


class FulfilPlan(Struct, frozen=True):
    """What will be written and issued; ``troubles`` are what could not be looked at."""

    answers: Answers
    parcels: tuple[SaleParcel, ...]
    marks: tuple[SaleMark, ...]
    undated: tuple[str, ...]
    undated_told: tuple[str, ...]
    troubles: tuple[PasserelleError, ...]

    @property
    def waiting(self) -> list[SaleMark]:
        """What waits for something that ends by itself."""
        return [mark for mark in self.marks if mark.problem and mark.problem not in FAULTS]

    @property
    def faults(self) -> list[SaleMark]:
        """What a person has to look at, told or not."""
        found = [mark for mark in self.marks if mark.problem in FAULTS]
        return [*self.answers.refused, *found]


def describe_answers(answers: Answers) -> Iterator[str]:
    if answers.done:
        ids = [mark.id for mark in answers.done]
        yield n_(
            "the ERP has the sale of {n} order ({ids})",
            "the ERP has the sales of {n} orders ({ids})",
            len(ids),
            ids=few(ids, FEW),
        )
    yield from _faults(answers.refused)
    if again := [mark.id for mark in answers.refused if not mark.is_told]:
        yield _("sales that the ERP refused again: {ids}").format(ids=few(again, FEW))


def _faults(marks: Iterable[SaleMark]) -> Iterator[str]:
    for mark in marks:
        if mark.is_told:
            yield f"! {_('sale of order {id}: {reason}').format(id=mark.id, reason=mark.reason)}"


def describe(plan: FulfilPlan) -> Iterator[str]:
    """The plan, one sentence a line; what people know is told once a day."""
    yield from _waiting(plan)
    for mark in plan.marks:
        if not mark.problem:
            yield from _about(mark)
    yield from _faults(mark for mark in plan.marks if mark.problem in FAULTS)
    for id in plan.undated_told:
        yield f"! {_undated(id)}"
    for parcel in plan.parcels:
        text = _("sale to issue: order {id}, {document}, as {place}")
        document = _(_DOCUMENTS[parcel.issue.document])
        yield text.format(id=parcel.issue.id, document=document, place=parcel.place)


def _waiting(plan: FulfilPlan) -> Iterator[str]:
    known = [mark.id for mark in plan.waiting if not mark.is_told]
    for mark in plan.waiting:
        if mark.is_told:
            text = _("sale waits: order {id}: {reason}")
            yield text.format(id=mark.id, reason=mark.reason)
    if known:
        yield _("sales that still wait: {ids}").format(ids=few(known, FEW))


def _about(mark: SaleMark) -> Iterator[str]:
    if mark.state == SaleState.WITHDRAWN:
        text = _("sale withdrawn: order {id}: {reason}")
    elif mark.imported is not None:
        text = _("sale of order {id}: {reason}")
    else:
        text = "! " + _("sale of order {id}: {reason}")
    yield text.format(id=mark.id, reason=mark.reason)


def _undated(id: str) -> str:
    return _("sale of order {id}: date: empty, and fulfil.start_from needs it").format(id=id)


def summarise(plan: FulfilPlan) -> Iterator[str]:
    if issued := len(plan.parcels):
        yield n_("{n} sale issued", "{n} sales issued", issued)
    if waiting := len(plan.waiting):
        yield n_("{n} sale waits", "{n} sales wait", waiting)
    if faults := len({mark.id for mark in plan.faults}) + len(plan.undated):
        yield n_("{n} sale in trouble", "{n} sales in trouble", faults)


def rejection(plan: FulfilPlan) -> RejectedError | None:
    """The closing error for what a person is told of now; a shortage is no failure."""
    # One that was refused may have another fault since: it is one sale.
    told = {mark.id: mark for mark in plan.faults if mark.is_told}.values()
    words = [_("order {id}: {problem}").format(id=mark.id, problem=mark.reason) for mark in told]
    words += map(_undated, plan.undated_told)
    if not words:
        return None
    mend = _("`passerelle status` tells what to do of each")
    if plan.parcels:
        mend += _("; the others were issued")
    return RejectedError(n_("{n} sale not done", "{n} sales not done", len(words)), words[0], mend)


def facts(plan: FulfilPlan) -> dict[str, Any]:
    return {
        "issued": len(plan.parcels),
        "done": len(plan.answers.done),
        "refused": len(plan.answers.refused),
        "waiting": len(plan.waiting),
        "short_of_stock": sum(mark.problem == Problem.STOCK for mark in plan.waiting),
        "undated": list(plan.undated),
    }
