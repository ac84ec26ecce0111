"""What is told when, tried on any history: once, then daily, then the end, and nothing twice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from passerelle.health.alerts.decision import Passed, Tidings, decide
from passerelle.health.concerns import Concern, ConcernKind
from passerelle.model.records import DAILY, Told
from tests.unit import many

START = datetime(2026, 11, 25, 10, 27, tzinfo=UTC)
TROUBLES = (ConcernKind.FAILED, ConcernKind.HELD, ConcernKind.KILLED)


def concern(
    kind: ConcernKind, subject: str = "orders", *orders: str, text: str = "text"
) -> Concern:
    return Concern(kind, subject, text, "mend", None, orders)


@dataclass
class People:
    """Who is told, and what they know; the memory is what the ledger would hold."""

    memory: Mapping[str, Told] = field(default_factory=dict)
    now: datetime = START

    def hear(
        self, *concerns: Concern, passed: Sequence[Passed] = (), after: float = 0.5
    ) -> Tidings:
        """What they are told ``after`` that many hours."""
        self.now += timedelta(hours=after)
        tidings = decide(self.memory, concerns, passed, self.now)
        self.memory = tidings.told
        return tidings


def keys(tidings: Tidings) -> dict[str, list[str]]:
    parts = {
        "begun": [one.key for one in tidings.begun],
        "grown": [id for _, ids in tidings.grown for id in ids],
        "still": [one.key for one in tidings.still],
        "over": [one.key for one in tidings.over],
        "passed": [one.key for one in tidings.passed],
    }
    return {name: part for name, part in parts.items() if part}


def test_other_words_for_the_same_are_no_news_but_the_daily_word_has_them() -> None:
    people = People()
    people.hear(concern(ConcernKind.HELD, text="39 minutes old"))
    assert not people.hear(concern(ConcernKind.HELD, text="69 minutes old"))
    (again,) = people.hear(concern(ConcernKind.HELD, text="25 hours old"), after=25).still
    assert again.text == "25 hours old"
    (over,) = people.hear().over
    assert over.text == "25 hours old"


def test_a_run_in_another_trouble_is_not_over_and_a_change_back_is_no_news() -> None:
    people, failed, held = People(), concern(ConcernKind.FAILED), concern(ConcernKind.HELD)
    people.hear(failed)
    assert keys(people.hear(held)) == {"begun": ["held:orders"]}
    assert not people.hear(failed)
    assert not people.hear(held)
    assert keys(people.hear(failed, after=24)) == {"still": ["failed:orders"]}
    assert keys(people.hear()) == {"over": ["failed:orders", "held:orders"]}


def test_what_was_over_when_found_is_told_once_and_is_the_end_of_what_was_told() -> None:
    people, gap = People(), Passed("missed:orders", "3 times; it runs again")
    assert keys(people.hear(passed=[gap])) == {"passed": ["missed:orders"]}
    assert not people.memory
    people.hear(concern(ConcernKind.MISSED))
    assert keys(people.hear(passed=[gap])) == {"passed": ["missed:orders"]}, "one story, not two"
    assert not people.memory


def test_a_clock_set_back_neither_repeats_at_once_nor_silences_for_ever() -> None:
    people, failed = People(), concern(ConcernKind.FAILED)
    people.hear(failed)
    assert not people.hear(failed, after=-1)
    assert people.hear(failed, after=-24 * 365).still


# --- any history -------------------------------------------------------------------------------

ORDERS = st.lists(st.sampled_from("1234"), unique=True, max_size=4)
CONCERNS = st.lists(
    st.one_of(
        st.builds(concern, st.sampled_from(TROUBLES), st.sampled_from(("orders", "stock"))),
        st.builds(concern, st.just(ConcernKind.MISSED), st.sampled_from(("orders", "stock"))),
        st.just(concern(ConcernKind.REJECTED, "stock")),
        st.just(concern(ConcernKind.LATE, "ftp:order:a#1.csv")),
        st.builds(
            lambda kind, ids: concern(kind, "orders", *ids),
            st.sampled_from((ConcernKind.REJECTED, ConcernKind.NOT_SENT, ConcernKind.DOUBTFUL)),
            ORDERS,
        ),
    ),
    unique_by=lambda one: one.key,
    max_size=5,
)
PASSED = st.lists(
    st.builds(Passed, st.sampled_from(("missed:orders", "killed:stock")), st.just("over")),
    max_size=2,
)
STEPS = st.lists(
    st.tuples(
        CONCERNS,
        PASSED,
        st.floats(0.01, 30),
        st.sampled_from(("delivered", "delivered", "delivered", "not sent", "died before commit")),
    ),
    max_size=30,
)


def lasts(key: str, concerns: Sequence[Concern]) -> bool:
    """Whether a matter of that key goes on, if only behind another trouble of the same run."""
    if any(one.key == key for one in concerns):
        return True
    kind, _, subject = key.partition(":")
    may_hide = kind in (*TROUBLES, ConcernKind.REJECTED)
    return may_hide and any(one.kind in TROUBLES and one.subject == subject for one in concerns)


@many
@given(STEPS)
def test_any_history_is_told_whole_and_nothing_twice(
    steps: list[tuple[list[Concern], list[Passed], float, str]],
) -> None:
    memory: Mapping[str, Told] = {}
    now, open_since = START, dict[str, datetime]()
    known_orders = set[tuple[str, str]]()
    repeatable = False
    for concerns, passed, hours, fate in steps:
        now += timedelta(hours=hours)
        tidings = decide(memory, concerns, passed, now)
        assert decide(memory, concerns, passed, now) == tidings
        if fate == "not sent":
            continue
        if not repeatable:
            check(tidings, concerns, now, open_since, known_orders)
        repeatable = fate == "died before commit"
        if repeatable:
            continue  # people know it, the ledger does not: the next telling may repeat it
        memory = tidings.told
        open_since = {k: t.told for k, t in memory.items() if not k.startswith("order:")}
        known_orders = {(c.key, id) for c in concerns for id in c.orders}
    quiet = decide(memory, (), (), now + timedelta(hours=1))
    assert {one.key for one in quiet.over} == set(open_since), "each begin has its end"
    assert not quiet.told and not decide(quiet.told, (), (), now)


def check(
    tidings: Tidings,
    concerns: Sequence[Concern],
    now: datetime,
    open_since: Mapping[str, datetime],
    known_orders: set[tuple[str, str]],
) -> None:
    """One telling, against what people were told before."""
    begun = {one.key for one in tidings.begun}
    still = {one.key for one in tidings.still}
    over = {one.key for one in tidings.over} | {one.key for one in tidings.passed}
    present = {one.key for one in concerns}
    assert begun == present - set(open_since)
    assert all(now - open_since[key] >= DAILY for key in still)
    due = {key for key in present & set(open_since) if now - open_since[key] >= DAILY}
    assert still == due - {one.key for one, _ in tidings.grown}, "what has grown is told whole"
    gone = {key for key in open_since if not lasts(key, concerns)}
    assert gone <= over
    assert not over & set(open_since) - gone - {one.key for one in tidings.passed}
    grown = {(one.key, id) for one, ids in tidings.grown for id in ids}
    all_orders = {(one.key, id) for one in concerns for id in one.orders}
    assert grown == {(k, id) for k, id in all_orders - known_orders if k in open_since}
