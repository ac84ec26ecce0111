"""`passerelle shop clear-cache`: the shop's cache is put away, or it is said that it was not."""

import json
from pathlib import Path

import pytest

from tests.e2e.conftest import NewFtp
from tests.servers.ftp import Quirks
from tests.world import World

CACHE = '\n[shop]\ncache = "ftp:www/var/cache"\n'
CLEAR = ("shop", "clear-cache")


def with_cache(world: World) -> Path:
    """The folder that config.toml names; it holds a cache."""
    world.configure(extra=CACHE)
    cache = world.server.root / "www" / "var" / "cache"
    fill(cache)
    return cache


def fill(cache: Path) -> None:
    (cache / "prod").mkdir(parents=True)
    (cache / "prod" / "kernel.php").write_text("broken", encoding="utf-8")


def names(cache: Path) -> list[str]:
    return sorted(path.name for path in cache.iterdir())


def test_each_time_it_gets_the_first_name_that_is_free(world: World) -> None:
    cache = with_cache(world)
    assert "ftp:www/var/cache/prodold now" in world.run_well(*CLEAR, "--yes")
    assert (cache / "prodold" / "kernel.php").read_text("utf-8") == "broken"
    fill(cache)
    (cache / "prodold2").write_text("a file of somebody's", encoding="utf-8")
    told = json.loads(world.run_well(*CLEAR, "--yes", "--json"))
    assert told == {"renamed": "ftp:www/var/cache/prod", "to": "ftp:www/var/cache/prodold3"}
    assert names(cache) == ["prodold", "prodold2", "prodold3"]


def test_an_empty_folder_and_a_file_keep_their_names_where_the_server_renames_over_them(
    new_ftp: NewFtp,
) -> None:
    world, _ftp = new_ftp(Quirks())
    cache = with_cache(world)
    (cache / "prodold").mkdir()
    (cache / "prodold2").write_text("a file of somebody's", encoding="utf-8")
    assert "ftp:www/var/cache/prodold3 now" in world.run_well(*CLEAR, "--yes")
    assert names(cache) == ["prodold", "prodold2", "prodold3"]


def test_nothing_is_done_unasked_or_without_its_key(world: World) -> None:
    cache = with_cache(world)
    for more in ((), ("--json",)):
        result = world.run(*CLEAR, *more)
        assert (result.exit_code, "--yes" in result.stderr) == (2, True)
    assert names(cache) == ["prod"]
    world.configure()
    result = world.run(*CLEAR, "--yes")
    assert (result.exit_code, "[shop] cache is missing" in result.stderr) == (3, True)


def test_where_there_is_none_or_every_name_is_taken_nothing_changes(world: World) -> None:
    cache = with_cache(world)
    for number in ("", *range(2, 100)):
        (cache / f"prodold{number}").mkdir()
    result = world.run(*CLEAR, "--yes")
    assert (result.exit_code, "are all taken" in result.stderr) == (4, True)
    assert len(names(cache)) == 100
    (cache / "prod").rename(cache / "dev")
    result = world.run(*CLEAR, "--yes")
    assert result.exit_code == 4
    assert "nothing was changed: no such folder: ftp:www/var/cache/prod: " in result.stderr


@pytest.mark.parametrize(
    ("quirks", "words"),
    [
        (Quirks(refused=frozenset({"RNTO"})), "nothing was changed: access denied"),
        (Quirks(refused=frozenset({"RNFR"})), "nothing was changed: access denied"),
        (Quirks(dropped={"PASS": 99}), "nothing was changed: connection lost"),
        (Quirks(dropped={"RNTO": 99}), "whether ftp:www/var/cache/prodold was made of it is not"),
    ],
    ids=["RNTO refused", "RNFR refused", "away", "lost"],
)
def test_what_fails_is_told_as_not_done_or_not_known(
    new_ftp: NewFtp, quirks: Quirks, words: str
) -> None:
    world, _ftp = new_ftp(quirks)
    cache = with_cache(world)
    result = world.run(*CLEAR, "--yes")
    assert (result.exit_code, names(cache)) == (4, ["prod"])
    assert words in result.stderr
    assert "the next run" not in result.stderr


def test_a_lost_reply_puts_away_one_cache_though_the_shop_makes_another(new_ftp: NewFtp) -> None:
    world, ftp = new_ftp(Quirks(lost_replies={"RNTO": 1}))
    cache = with_cache(world)

    def use_shop(_line: str) -> None:
        if not (cache / "prod").exists():
            (cache / "prod").mkdir()

    ftp.on_command = use_shop
    assert "ftp:www/var/cache/prodold now" in world.run_well(*CLEAR, "--yes")
    assert names(cache) == ["prod", "prodold"]


def test_check_says_whether_the_cache_is_there(world: World) -> None:
    cache = with_cache(world)
    assert "shop.cache (ftp:www/var/cache): it holds prod" in world.run("check").text
    (cache / "prod").rename(cache / "dev")
    assert "shop.cache (ftp:www/var/cache): it holds no folder prod" in world.run("check").text
