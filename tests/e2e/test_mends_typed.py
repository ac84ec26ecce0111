"""Every command that a message prints, typed in the situation that prints it: once, and twice."""

import re
import shlex
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests import scale
from tests.e2e.test_after_sending import FIRST, LEVELS, taken
from tests.world import Sale, World

CARD = Sale("4", {"371": 1}, payment="Bon cadeau")
UNPAID = Sale("3", {"372": 1}, status="En attente de virement bancaire")
MANY = [replace(FIRST, id=str(n)) for n in range(100, 120)]
# They look, or steer what this machine lacks: that they can be typed is all that is asked.
LOOKING = ("schedule", "init", "demo", "secret", "alerts")


def withheld(world: World) -> None:
    world.shop_writes(CARD, FIRST)


def many_withheld(world: World) -> None:
    world.shop_writes(*(replace(one, payment="Bon cadeau") for one in MANY))


def illegible(world: World) -> None:
    world.shop_writes(Sale("1", {"370": "deux"}), Sale("2", {"371": 1}))


def illegible_and_gone(world: World) -> None:
    illegible(world)
    world.run("run", "orders")
    world.shop_writes(Sale("2", {"371": 1}))


def left(world: World) -> None:
    world.shop_writes(UNPAID)
    world.run("run", "orders")
    world.shop_writes(FIRST)


def many_left(world: World) -> None:
    world.shop_writes(*(replace(one, status="En attente de virement bancaire") for one in MANY))
    world.run("run", "orders")
    world.shop_writes(FIRST)


def changed(world: World) -> None:
    taken(world, FIRST)
    world.shop_writes(Sale("1", {"370": 2}))


def many_changed(world: World) -> None:
    taken(world, *MANY)
    world.shop_writes(*(replace(one, items={"370": 2}) for one in MANY))


def cancelled(world: World) -> None:
    taken(world, FIRST)
    world.shop_writes(replace(FIRST, status="Annulé"))


def id_used_again(world: World) -> None:
    taken(world, FIRST)
    world.shop_writes(Sale("1", {"371": 1}, date="2026-11-24 09:00:00"))


def refused(world: World) -> None:
    world.server.put_folder("refused")
    world.configure(orders='refused = "ftp:refused"')
    world.shop_writes(FIRST)
    world.run("run", "orders")
    (xml,) = world.xmls()
    xml.rename(world.server.root / "refused" / xml.name)


def older_than_adopted(world: World) -> None:
    world.shop_writes(Sale("5", {"370": 1}))
    world.run("orders", "adopt", "--yes")
    world.shop_writes(Sale("1", {"371": 1}, date="2026-11-20 08:00:00"), Sale("5", {"370": 1}))


def first_run(world: World) -> None:
    config = world.folder / "config.toml"
    text = config.read_text(encoding="utf-8")
    config.write_text(re.sub("start_from.*\n", "", text), encoding="utf-8")
    world.shop_writes(FIRST, CARD, UNPAID)


def ledger_lost(world: World) -> None:
    taken(world, FIRST)
    for path in world.data.glob("passerelle.db*"):
        path.unlink()


def cut_uploads(*sales: Sale) -> Callable[[World], None]:
    def situation(world: World) -> None:
        world.configure(server='publish = "direct"')
        world.shop_writes(*sales)
        world.run("run", "orders")
        doubt(world)

    return situation


def doubt(world: World) -> None:
    """As if the run had been cut right after its upload; the ERP took the file."""
    with closing(sqlite3.connect(world.data / "passerelle.db")) as db, db:
        db.execute("UPDATE dispatches SET stage = 'staged', sent = NULL")
        db.execute("UPDATE orders SET state = 'prepared'")
    world.erp_takes()


def another_sends_there(world: World) -> None:
    (world.server.root / "import" / "commandes_20261122_102700.xml").write_text("<ventes/>")
    world.shop_writes(FIRST)


def another_import_folder(world: World) -> None:
    world.shop_writes(FIRST)
    world.run("run", "orders")
    (world.server.root / "import").rename(world.server.root / "away")
    world.server.put_folder("import")


SITUATIONS: dict[str, Callable[[World], None]] = {
    "withheld": withheld,
    "many withheld": many_withheld,
    "illegible": illegible,
    "illegible, and gone": illegible_and_gone,
    "left the file unpaid": left,
    "many left the file unpaid": many_left,
    "changed": changed,
    "many changed": many_changed,
    "cancelled": cancelled,
    "its id used again": id_used_again,
    "refused": refused,
    "older than adopted": older_than_adopted,
    "the first run": first_run,
    "the ledger is lost": ledger_lost,
    "another program sends there": another_sends_there,
    "another import folder": another_import_folder,
    "in doubt": cut_uploads(FIRST),
    "many in doubt": cut_uploads(*MANY),
}


@dataclass
class Kept:
    """A world as it was, to be put back before each mend."""

    world: World
    place: Path

    def keep(self) -> None:
        for name, folder in self._folders():
            shutil.copytree(folder, self.place / name)
        self.booked = self.world.booked.copy()

    def put_back(self) -> None:
        for name, folder in self._folders():
            shutil.rmtree(folder)
            shutil.copytree(self.place / name, folder)
        self.world.booked = self.booked.copy()

    def _folders(self) -> Iterator[tuple[str, Path]]:
        yield from (("own", self.world.folder), ("server", self.world.server.root))


def said(world: World) -> str:
    """All that people are told in the situation."""
    world.erp_writes_stock(LEVELS)
    text = "".join(world.run(*args).text for args in (("run", "orders"), ("run", "stock")))
    text += world.run("status").text
    for id in [*world.states()][:2]:  # the others are told the same
        text += world.run("orders", "show", id).text
    return text


def mends(text: str) -> list[list[str]]:
    found = dict.fromkeys(re.findall(r"`passerelle ([^`]*)`", text))
    return [words for one in found if (words := shlex.split(one))[0] not in LOOKING]


def typed(world: World, words: list[str]) -> int:
    asks = words[:2] in (["orders", verb] for verb in ("adopt", "forget", "resend"))
    asks |= words[:2] == ["servers", "accept"]
    return world.run(*words, *(["--yes"] if asks else [])).exit_code


# What prints the same mend for more orders, or in another place, is typed at the scale of CI.
RARER = {
    "many withheld",
    "illegible, and gone",
    "many left the file unpaid",
    "many changed",
    "another import folder",
    "many in doubt",
}


@pytest.mark.parametrize(
    "situation",
    [
        pytest.param(how, id=name, marks=scale.only("ci") if name in RARER else ())
        for name, how in SITUATIONS.items()
    ],
)
def test_each_mend_is_safe_to_type(
    world: World, situation: Callable[[World], None], tmp_path: Path
) -> None:
    situation(world)
    found = mends(said(world))
    assert found
    kept = Kept(world, tmp_path / "kept")
    kept.keep()
    for words in found:
        for times in (1, 2):
            kept.put_back()
            codes = [typed(world, words) for _time in range(times)]
            looks = words in (["status"], ["run", "orders"])  # it may be held again
            expected = (0, 5, 6) if looks else (0, 5)
            assert codes[0] in expected, (words, codes)
            assert set(codes[1:]) <= {*expected, 2}, (words, codes)
            world.run("run", "orders")
            world.erp_takes()
            world.run("run", "orders")
            world.erp_takes()
            resent = "resend" in words or "forget" in words or "--all" in words
            twice = [id for id, number in world.booked.items() if number > 1]
            assert not twice or resent, (words, times, twice)
            assert all(number <= 2 for number in world.booked.values()), (words, times)
