"""Files in and out: whole or not at all, and how old they are by their own server's clock."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from passerelle.base.deadline import Deadline
from passerelle.base.errors import NotFoundError, NotReadyError, TransientError
from passerelle.exchange.sources import Sources
from passerelle.exchange.uploads import free_place, store_to_the_letter, store_whole
from passerelle.model.location import Location
from passerelle.remotes.base import Entry

NOW = datetime(2026, 11, 22, 10, 27, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
PLACE = Location("ftp", "commandes.csv")


class Shelf:
    """One file on a server: its bytes; ``grows`` by as many each time that it was looked at.

    ``keeps`` is how many bytes of an upload arrive, and ``is_dumb`` whether no size is told.
    """

    def __init__(self, data: bytes, *, age: timedelta = 10 * MINUTE) -> None:
        self.data, self.modified = data, NOW - age
        self.grows, self.rewritten = b"", timedelta(0)
        self.keeps: list[int] = []
        self.is_dumb, self.stored, self.looked = False, 0, 0

    def stat(self, path: str) -> Entry:
        self.looked += 1
        entry = Entry(path, None if self.is_dumb else len(self.data), self.modified)
        self.data += self.grows
        self.modified += self.rewritten
        return entry

    def fetch(self, path: str) -> bytes:
        return self.data

    def store(self, path: str, data: bytes) -> None:
        self.stored += 1
        self.data = data[: self.keeps.pop(0)] if self.keeps else data

    def delete(self, path: str) -> None:
        self.data = b""


class Patient(Deadline):
    """Has no need to wait, but knows how long it would have."""

    def __init__(self) -> None:
        super().__init__(MINUTE)
        self.waited = timedelta(0)

    def sleep(self, wait: timedelta) -> None:
        self.waited += wait


def sources(
    shelf: Shelf, *, offset: timedelta | None = timedelta(0), deadline: Deadline | None = None
) -> Sources:
    server = SimpleNamespace(settle=2 * SECOND)
    settings: Any = SimpleNamespace(servers={"ftp": server}, connectors={})
    ledger: Any = SimpleNamespace(stock=SimpleNamespace(clock_offset=lambda server: offset))
    remote: Any = shelf
    return Sources(settings, ledger, lambda _name: remote, lambda: NOW, deadline or Patient())


class TestAFileIsRead:
    def test_at_once_where_it_is_no_longer_young(self) -> None:
        shelf, deadline = Shelf(b"1\n"), Patient()
        found = sources(shelf, deadline=deadline).fetch(PLACE)
        assert (found.data, found.age) == (b"1\n", 10 * MINUTE)
        assert deadline.waited == timedelta(0)

    @pytest.mark.parametrize(
        ("age", "offset"),
        [(59 * SECOND, timedelta(0)), (-MINUTE, timedelta(0)), (10 * MINUTE, None)],
    )
    def test_after_a_second_look_where_it_is_young_or_nobody_knows(
        self, age: timedelta, offset: timedelta | None
    ) -> None:
        shelf, deadline = Shelf(b"1\n", age=age), Patient()
        assert sources(shelf, offset=offset, deadline=deadline).fetch(PLACE).data == b"1\n"
        assert deadline.waited == 2 * SECOND

    @pytest.mark.parametrize("age", [MINUTE / 2, 10 * MINUTE])
    @pytest.mark.parametrize("change", ["grows", "rewritten"])
    def test_not_while_another_writes_it(self, age: timedelta, change: str) -> None:
        shelf = Shelf(b"1\n", age=age)
        setattr(shelf, change, b"2\n" if change == "grows" else SECOND)
        with pytest.raises((NotReadyError, TransientError)) as told:
            sources(shelf).fetch(PLACE)
        if age < MINUTE and change == "grows":
            assert "it went from 2 to 4 bytes meanwhile" in str(told.value)
            assert shelf.looked == 2

    def test_twice_where_the_server_tells_no_size(self) -> None:
        shelf = Shelf(b"1\n")
        shelf.is_dumb = True
        found = sources(shelf).fetch(PLACE)
        assert "does not tell the size" in found.notes[0]


@pytest.mark.parametrize("ahead", [timedelta(0), 60 * MINUTE, -60 * MINUTE])
def test_a_file_s_age_is_by_its_server_s_clock(ahead: timedelta) -> None:
    entry = Entry("a.csv", 1, NOW + ahead - 10 * MINUTE)
    assert sources(Shelf(b""), offset=ahead).age("ftp", entry) == 10 * MINUTE


class TestAnUpload:
    def test_is_done_again_where_it_arrived_cut(self) -> None:
        shelf = Shelf(b"")
        shelf.keeps = [3, 0]
        assert store_whole(shelf, "a.tmp", b"12345").size == 5  # type: ignore[arg-type]
        assert (shelf.data, shelf.stored) == (b"12345", 3)

    @pytest.mark.parametrize("is_dumb", [True, False])
    def test_is_given_up_where_it_never_arrives_whole(self, is_dumb: bool) -> None:
        shelf = Shelf(b"")
        shelf.keeps, shelf.is_dumb = [4] * 9, is_dumb
        with pytest.raises(TransientError, match="did not arrive whole"):
            store_whole(shelf, "a.tmp", b"12345")  # type: ignore[arg-type]

    def test_that_shops_read_is_compared_byte_for_byte(self) -> None:
        class Altering(Shelf):
            spoils = 1

            def store(self, path: str, data: bytes) -> None:
                self.stored += 1
                self.data = data.replace(b"3", b"8") if self.stored <= self.spoils else data

        for spoils, good in ((0, True), (2, True), (9, False)):
            shelf = Altering(b"")
            shelf.spoils = spoils
            if good:
                store_to_the_letter(shelf, "a.tmp", b"12345", PLACE)  # type: ignore[arg-type]
                assert (shelf.data, shelf.stored) == (b"12345", spoils + 1)
            else:
                with pytest.raises(TransientError, match="reads back otherwise"):
                    store_to_the_letter(shelf, "a.tmp", b"12345", PLACE)  # type: ignore[arg-type]
                assert shelf.data == b""

    def test_names_the_folder_that_is_missing(self) -> None:
        class Bare(Shelf):
            def store(self, path: str, data: bytes) -> None:
                raise NotFoundError("no such file", path)

        with pytest.raises(NotFoundError, match="no such folder: import:"):
            store_whole(Bare(b""), "import/a.tmp", b"1")  # type: ignore[arg-type]


class TestTheNameOfAnXml:
    TEMPLATE = Location("ftp", "import/commandes_{time}.xml")

    def test_has_the_time_in_it(self) -> None:
        place = free_place(self.TEMPLATE, NOW, lambda _place: False)
        assert str(place) == "ftp:import/commandes_20261122_102700.xml"

    def test_is_counted_on_until_it_is_free(self) -> None:
        taken = {f"commandes_20261122_10270{second}.xml" for second in range(3)}
        place = free_place(self.TEMPLATE, NOW, lambda place: place.name in taken)
        assert place.name == "commandes_20261122_102703.xml"

    def test_stays_as_it_is_without_a_time(self) -> None:
        fixed = Location("ftp", "import/commandes.xml")
        assert free_place(fixed, NOW, lambda _place: True) == fixed
