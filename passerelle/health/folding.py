"""One cause is one concern, however many runs or files it has: pure."""

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from passerelle.base.language import n_
from passerelle.base.wording import listed
from passerelle.health.concerns import Cause, Concern

# The subject of the one concern about all XMLs that the ERP has not taken.
SALES = "sales"
# So many names in a row can still be read.
_NAMED = 3


def folded(concerns: Sequence[Concern]) -> Iterator[Concern]:
    """The concerns, of which those with one cause are one, where their first was."""
    told: set[str] = set()
    for concern in concerns:
        if concern.cause is None:
            yield concern
        elif concern.cause.name not in told:
            told.add(concern.cause.name)
            name = concern.cause.name
            yield _joined([one for one in concerns if one.cause and one.cause.name == name])


def _joined(same: Sequence[Concern]) -> Concern:
    first, causes = same[0], [one.cause for one in same if one.cause]
    # Of one consequence the last detail counts: files that were looked at come after runs.
    told = {text: one.details for one in causes for text in one.consequences}
    details = tuple(dict.fromkeys(text for texts in told.values() for text in texts))
    cause = Cause(causes[0].name, tuple(told), details)
    return replace(
        first,
        text=cause.in_words(),
        since=min((one.since for one in same if one.since), default=None),
        orders=tuple(dict.fromkeys(id for one in same for id in one.orders)),
        cause=cause,
        alone=first.text,
        stands_for=tuple(key for one in same for key in (one.key, *one.stands_for))[1:],
    )


def not_taken(files: Sequence[Concern]) -> Iterator[Concern]:
    """One concern for all XMLs that lie there: an ERP that takes none gets more each half hour."""
    if not files or files[0].cause is None:
        return
    names = listed([one.subject.rpartition("/")[2] for one in files], _NAMED)
    detail = n_(
        "{n} file waits for it ({names})",
        "{n} files wait for it ({names})",
        len(files),
        names=names,
    )
    cause = replace(files[0].cause, details=(detail,))
    since = min((one.since for one in files if one.since), default=None)
    yield replace(files[0], subject=SALES, text=cause.in_words(), since=since, cause=cause)
