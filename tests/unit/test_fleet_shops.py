"""Which files are the shops of a fleet, and what keeps one from being worked on."""

from pathlib import Path

import pytest

from passerelle.base.errors import ConfigError
from passerelle.base.language import speak, spoken
from passerelle.fleet.shops import Shops, database_of
from tests.unit.conftest import LEDGER, Write


def faults(tmp_path: Path) -> dict[str, str]:
    shops = Shops(tmp_path / "shops").now()
    return {name: str(shop.fault or "").partition(": ")[0] for name, shop in shops.items()}


def test_a_shop_is_a_file_or_a_folder(tmp_path: Path, write: Write) -> None:
    write("lyon.toml")
    write("nice/config.toml")
    write(".#nice.toml")
    assert faults(tmp_path) == {"lyon": "", "nice": ""}
    assert database_of(Shops(tmp_path / "shops").now()).url == LEDGER


def test_where_there_is_none_it_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no shop is there"):
        Shops(tmp_path / "shops").now()


@pytest.mark.parametrize(
    ("place", "more", "fault"),
    [
        ("a.bak.toml", {}, "this is no shop's file, but a copy of one, or one without a name"),
        ("config.toml", {}, "this is no shop's file, but a copy of one, or one without a name"),
        ("a.toml", {"ledger": ""}, "the ledger is on one machine's disk"),
        ("a.toml", {"more": '[archive]\nstore = "folder"'}, "the XMLs are on one machine's disk"),
        (
            "a.toml",
            {"ledger": "postgresql://user@other/shops"},
            "its ledger is in another database than those of most shops",
        ),
    ],
)
def test_what_keeps_a_shop_hinders_no_other(
    tmp_path: Path, write: Write, place: str, more: dict[str, str], fault: str
) -> None:
    write("lyon.toml")
    write("nice.toml", ledger="postgresql://someone@DB:5432/shops")
    write(place, **more)
    found = faults(tmp_path)
    assert (found.pop("lyon"), found.pop("nice")) == ("", "")
    assert list(found.values()) == [fault]


@pytest.mark.parametrize(
    ("one", "two", "folder"),
    [("lyon.toml", "copie de lyon.toml", "same"), ("lyon.toml", "lyon/config.toml", "")],
)
def test_of_two_that_are_one_neither_is_worked_on(
    tmp_path: Path, write: Write, one: str, two: str, folder: str
) -> None:
    write("nice.toml")
    write(one, folder=folder)
    write(two, folder=folder)
    shops = Shops(tmp_path / "shops")
    told = {shop.config.name: str(shop.fault) for shop in shops.now().values() if shop.fault}
    assert len([shop for shop in shops.now().values() if shop.fault]) == 2, told
    assert all("has the folder, the ledger or the name of" in fault for fault in told.values())
    found = shops.shop("lyon")
    assert found is None or found.fault


def test_a_config_is_read_anew_when_it_changes(tmp_path: Path, write: Write) -> None:
    write("lyon.toml")
    shops = Shops(tmp_path / "shops")
    assert shops.now()["lyon"].settings is shops.now()["lyon"].settings
    write("lyon.toml", more="[schedule]\norders = [1, 2, 3]")
    settings = shops.now()["lyon"].settings
    assert settings and settings.schedule.orders == (1, 2, 3)


def test_the_shops_languages_are_their_own(tmp_path: Path, write: Write) -> None:
    write("lyon.toml")
    path = tmp_path / "shops" / "lyon.toml"
    path.write_text('language = "fr"\n' + path.read_text("utf-8"), encoding="utf-8")
    speak("en")
    assert not Shops(tmp_path / "shops").now()["lyon"].fault
    assert spoken() == "en"
