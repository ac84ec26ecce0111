"""What the console's buttons may start, and what they ask first."""

import pytest

from passerelle.base.errors import UsageError
from passerelle.console.deeds import button, buttons_of, deed_of, needed_deed, outcome_of, steady
from passerelle.health.concerns import Concern, ConcernKind


@pytest.mark.parametrize(
    ("text", "rehearsal", "command"),
    [
        ("passerelle orders settle 1042 1043", None, "orders settle 1042 1043"),
        ("passerelle orders settle --all withheld --until 2026-11-27T10:00:00+01:00", None,
         "orders settle --all withheld --until 2026-11-27T10:00:00+01:00"),
        ("passerelle orders resend 1042", "orders resend 1042", "orders resend --yes 1042"),
        ("passerelle orders resend -- -5", "orders resend -- -5", "orders resend --yes -- -5"),
        ("passerelle orders resend --in a.xml", "orders resend --in a.xml",
         "orders resend --yes --in a.xml"),
        ("passerelle run orders", None, "run orders"),
        ("passerelle run stock --accept-drop", "run stock --accept-drop --dry-run",
         "run stock --accept-drop --dry-run"),
        ("passerelle pool accept be", "pool accept --dry-run be", "pool accept be"),
        ("passerelle schedule disable", None, "schedule disable"),
    ],
)  # fmt: skip
def test_what_cannot_be_taken_back_is_rehearsed(
    text: str, rehearsal: str | None, command: str
) -> None:
    deed = needed_deed(text)
    assert deed.asks == (rehearsal is not None or "--all" in text)
    if rehearsal:
        assert " ".join(deed.rehearsal) == rehearsal
    if "--dry-run" not in command:
        assert " ".join(deed.command) == command


@pytest.mark.parametrize(
    "text",
    [
        "passerelle orders forget 1042",
        "passerelle orders resend --yes 1042",
        "passerelle orders settle --config evil.toml 1042",
        "passerelle --config evil.toml run orders",
        "passerelle run stock --accept-drop --config evil.toml",
        "passerelle secret set ftp",
        "passerelle",
        "rm -rf /",
        "",
        'passerelle orders settle "1042',
    ],
)
def test_no_button_starts_anything_else(text: str) -> None:
    assert deed_of(text) is None
    assert button(text) is None
    with pytest.raises(UsageError, match="no button starts this"):
        needed_deed(text)


def test_an_id_that_looks_like_an_option_is_one_that_follows_the_dashes() -> None:
    assert deed_of("passerelle orders settle -- --config") is not None


def test_a_settled_order_can_be_taken_back() -> None:
    assert needed_deed('passerelle orders settle 1042 "a b"').undo == (
        "passerelle orders unsettle 1042 'a b'"
    )
    assert needed_deed("passerelle orders settle -- -5").undo == "passerelle orders unsettle -- -5"
    # Whose orders those were is not known here any more.
    assert needed_deed("passerelle orders settle --all withheld").undo == ""
    assert needed_deed("passerelle run orders").undo == ""


def test_a_concern_has_the_buttons_of_its_mend() -> None:
    mend = (
        "enter it, then `passerelle orders settle 1 2`; `passerelle orders show 1` says why;"
        " or `passerelle orders resend 1 2`"
    )
    concern = Concern(ConcernKind.WITHHELD, "orders", "2 orders are withheld", mend)
    settle, resend = buttons_of(concern)
    assert (settle.label, settle.command) == ("Entered at the till", "passerelle orders settle 1 2")
    assert (settle.asking, resend.asking) == (False, True)


def test_of_an_order_that_is_in_the_erp_nobody_says_that_it_was_entered() -> None:
    mend = "undo it in the ERP, then `passerelle orders settle 1`"
    (seen_to,) = buttons_of(Concern(ConcernKind.CANCELLED, "orders", "cancelled", mend))
    assert (seen_to.label, seen_to.command) == ("Seen to", "passerelle orders settle 1")


@pytest.mark.parametrize(
    ("text", "code", "outcome"),
    [
        ("passerelle run orders", 0, "done"),
        ("passerelle run orders", 5, "partly"),
        ("passerelle run orders", 7, "failed"),
        ("passerelle run orders", -9, "killed"),
        ("passerelle status", 6, "done"),
    ],
)
def test_how_a_button_ended_is_one_word(text: str, code: int, outcome: str) -> None:
    assert outcome_of(needed_deed(text), code) == outcome


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("a.csv: 9 bytes, written 1 hour ago, 3", "a.csv: 9 bytes, written 2 days ago, 3", True),
        (
            "a.csv : 9 octets, écrit il y a 1 heure, 3",
            "a.csv : 9 octets, écrit il y a 9 s, 3",
            True,
        ),
        ("to a_20261127_102700.xml", "to a_20261127_105700.xml", True),
        ("a.csv: 9 bytes, written 1 hour ago, 3", "a.csv: 8 bytes, written 1 hour ago, 3", False),
        ("60 lines", "3 lines", False),
    ],
)
def test_a_rehearsal_is_the_same_whatever_the_ages_of_files(
    one: str, other: str, is_same: bool
) -> None:
    assert (steady(one) == steady(other)) == is_same
