"""Whichever database keeps a ledger: its form, its lock, and a look that changes nothing."""

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from pydantic import SecretStr
from sqlalchemy import Engine

from passerelle.base.errors import BusyError, ConfigError, UnreachableError
from passerelle.config.ledger import Database, Place, schema_of
from passerelle.ledger import databases, versions
from passerelle.ledger.databases import postgresql_engine, sqlite_engine
from passerelle.ledger.ledger import (
    FILE_NAME,
    ledger_exists,
    open_copy,
    open_ledger,
    reading_ledger,
)
from passerelle.ledger.locks import run_lock
from passerelle.ledger.schema import metadata
from passerelle.model.orders import Gist
from passerelle.model.records import Mark
from passerelle.model.states import State
from tests.servers.postgresql import PostgreSql

NOW = datetime(2026, 11, 22, 10, 27, tzinfo=UTC)
GIST = Gist("é1", "", NOW, "Payé", (), "", None)
MARK = Mark(GIST, State.WAITING, State.WAITING)


@pytest.fixture
def database(postgresql: PostgreSql) -> Database:
    return postgresql.new_place()


@contextmanager
def engine_at(place: Place) -> Iterator[Engine]:
    if isinstance(place, Database):
        engine = postgresql_engine(place)
    else:
        engine = sqlite_engine(str(place / FILE_NAME))
    yield engine
    engine.dispose()


def script_directory() -> ScriptDirectory:
    config = Config()
    folder = Path(versions.__file__).parent / "migrations"
    config.set_main_option("script_location", str(folder))
    return ScriptDirectory.from_config(config)


# --- forms


def test_the_newest_form_is_the_last_of_the_steps() -> None:
    assert script_directory().get_current_head() == versions.NEWEST
    numbers = [one.revision for one in script_directory().walk_revisions()]
    assert sorted(numbers, reverse=True) == numbers


def test_the_steps_lead_to_the_tables_that_a_new_ledger_has(ledger_place: Place) -> None:
    with engine_at(ledger_place) as engine:
        with engine.begin() as connection:
            assert versions._is_empty(connection)
            versions._upgrade(connection, "")
        with engine.connect() as connection:
            found = MigrationContext.configure(connection)
            assert compare_metadata(found, metadata) == []


def test_a_ledger_of_the_first_form_that_says_so_as_it_did_then(tmp_path: Path) -> None:
    with engine_at(tmp_path) as engine, engine.begin() as connection:
        versions._upgrade(connection, "", to="0001")
        connection.exec_driver_sql("INSERT INTO identity VALUES ('1234abcd')")
        connection.exec_driver_sql("DROP TABLE alembic_version")
        connection.exec_driver_sql("PRAGMA user_version = 1")
    for _time in range(2):
        with closing(open_ledger(tmp_path)) as ledger:
            assert ledger.servers.token == "1234abcd"
            ledger.runs.start("orders", NOW)


def test_a_ledger_of_the_first_form_is_brought_to_the_newest(ledger_place: Place) -> None:
    with engine_at(ledger_place) as engine, engine.begin() as connection:
        assert versions._is_empty(connection)
        versions._upgrade(connection, "", to="0001")
        connection.exec_driver_sql("INSERT INTO identity VALUES ('1234abcd')")
    if isinstance(ledger_place, Database):
        # It would keep runs waiting until the dry run has ended.
        with pytest.raises(ConfigError, match="an older form"), open_copy(ledger_place):
            pass
    with closing(open_ledger(ledger_place)) as ledger:
        assert ledger.servers.token == "1234abcd"
        assert ledger.kept.files() == []


def test_a_newer_ledger_is_refused_and_left_as_it_is(ledger_place: Place) -> None:
    open_ledger(ledger_place).close()
    with engine_at(ledger_place) as engine, engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(ConfigError, match=r"version 9999, this program knows 0002: .*install"):
        open_ledger(ledger_place)


# --- the lock


def test_one_run_at_a_time_and_the_other_hears_which(ledger_place: Place, tmp_path: Path) -> None:
    def lock(run: str) -> AbstractContextManager[Engine | None]:
        return run_lock(ledger_place, tmp_path, run, NOW)

    with lock("run orders"):
        with pytest.raises(BusyError, match=r"run orders") as refused, lock("run stock"):
            pass
        assert "process" in str(refused.value)
    with lock("run stock") as engine, closing(open_ledger(ledger_place, engine)) as ledger:
        assert ledger.runs.start("stock", NOW)


@pytest.mark.realserver
def test_who_loses_the_connection_loses_the_lock_and_does_not_go_on(
    postgresql: PostgreSql, database: Database, tmp_path: Path
) -> None:
    with run_lock(database, tmp_path, "run orders", NOW) as engine:
        ledger = open_ledger(database, engine)
        postgresql.cut("run orders")
        for _time in range(3):
            with pytest.raises(UnreachableError, match="the ledger cannot be used"):
                ledger.runs.start("orders", NOW)
        with run_lock(database, tmp_path, "run stock", NOW):
            pass


@pytest.mark.realserver
def test_two_shops_in_one_database_do_not_wait_for_each_other(
    postgresql: PostgreSql, tmp_path: Path
) -> None:
    one, two = postgresql.new_place(), postgresql.new_place()
    with run_lock(one, tmp_path, "run orders", NOW), run_lock(two, tmp_path, "run orders", NOW):
        assert not ledger_exists(one)
        open_ledger(one).close()
        assert ledger_exists(one) and not ledger_exists(two)


# --- looking


def test_a_copy_sees_what_was_and_leaves_no_trace(ledger_place: Place) -> None:
    with closing(open_ledger(ledger_place)) as ledger:
        ledger.orders.mark("web", [MARK], NOW)
        with open_copy(ledger_place) as copy:
            copy.orders.mark("web", [MARK], NOW)
            copy.orders.settle(copy.orders.known("web", ["é1"])["é1"], NOW)
            assert copy.orders.known("web", ["é1"])["é1"].state == State.SETTLED
            # Whoever works meanwhile does not wait for it, and it does not see what they do.
            ledger.orders.mark("web", [Mark(GIST, State.WITHHELD, State.WITHHELD)], NOW)
            ledger.runs.start("orders", NOW)
            assert copy.runs.latest(5) == []
        assert ledger.orders.known("web", ["é1"])["é1"].state == State.WITHHELD


def test_looking_creates_nothing(ledger_place: Place) -> None:
    for look in (open_copy, reading_ledger):
        with look(ledger_place) as ledger:
            ledger.runs.start("orders", NOW)
    assert not ledger_exists(ledger_place)


# --- PostgreSQL, and what it lacks


@pytest.mark.realserver
@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql://passerelle@127.0.0.1:1/postgres", "cannot be used .*see that PostgreSQL"),
        ("{}_lost", 'cannot be used .*"postgres_lost" does not exist'),
    ],
)
def test_a_database_that_is_away_is_told_in_one_line(
    postgresql: PostgreSql, url: str, words: str, tmp_path: Path
) -> None:
    place = Database(url.format(postgresql.url), "shop_a", SecretStr("secret"))
    with pytest.raises(UnreachableError, match=words) as told, reading_ledger(place):
        pass
    with pytest.raises(UnreachableError, match=words), run_lock(place, tmp_path, "x", NOW):
        pass
    assert "\n" not in str(told.value) and "secret" not in str(told.value)


@pytest.mark.realserver
def test_texts_sort_by_their_characters_in_any_locale(database: Database) -> None:
    asked = """SELECT DISTINCT collation_name FROM information_schema.columns
               WHERE table_schema = current_schema() AND data_type LIKE 'char%%'"""
    with closing(open_ledger(database)) as ledger, ledger.begin() as connection:
        found = {row[0] for row in connection.exec_driver_sql(asked)}
        # Alembic's own is a number in letters.
        assert found == {"C", None}


@pytest.mark.realserver
def test_what_a_role_is_used_to_changes_nothing(postgresql: PostgreSql) -> None:
    habits = {
        "synchronous_commit": "off",
        "default_transaction_isolation": "'repeatable read'",
        "client_encoding": "LATIN1",
        "search_path": "public",
    }
    with closing(psycopg.connect(postgresql.url, autocommit=True)) as connection:
        connection.execute("CREATE ROLE moody LOGIN SUPERUSER")
        for name, value in habits.items():
            connection.execute(f"ALTER ROLE moody SET {name} = {value}".encode())
    place = postgresql.new_place()
    place = Database(place.url.replace("passerelle@", "moody@"), place.schema, place.secret)
    with closing(open_ledger(place)) as ledger, ledger.begin() as connection:
        asked = ("synchronous_commit", "transaction_isolation", "client_encoding")
        found = [connection.exec_driver_sql(f"SHOW {name}").scalar() for name in asked]
        assert found == ["on", "read committed", "UTF8"]


@pytest.mark.realserver
def test_a_text_that_postgresql_cannot_keep_comes_back_as_it_was(database: Database) -> None:
    gist = Gist("1\0", "a\0b", NOW, "Payé", (), "", None)
    with closing(open_ledger(database)) as ledger:
        for _time in range(2):
            ledger.orders.mark("web", [Mark(gist, State.WAITING, State.WAITING)], NOW)
            assert ledger.orders.known("web", ["1\0"])["1\0"].reference == "a\0b"


@pytest.mark.realserver
def test_a_dry_run_sees_what_it_wrote_however_often_it_asked_before(database: Database) -> None:
    with closing(open_ledger(database)) as ledger:
        ledger.orders.mark("web", [MARK], NOW)
    with open_copy(database) as copy:
        for _time in range(8):
            assert copy.orders.known("web", ["é1"])["é1"].state == State.WAITING
        copy.orders.settle(copy.orders.known("web", ["é1"])["é1"], NOW)
        assert copy.orders.known("web", ["é1"])["é1"].state == State.SETTLED


@pytest.mark.realserver
def test_a_database_in_another_encoding_is_refused(postgresql: PostgreSql) -> None:
    with closing(psycopg.connect(postgresql.url, autocommit=True)) as connection:
        connection.execute("CREATE DATABASE old ENCODING 'LATIN1' TEMPLATE template0 "
                           "LC_COLLATE 'C' LC_CTYPE 'C'")  # fmt: skip
    place = Database(postgresql.url.replace("/postgres", "/old"), "shop_a", SecretStr(""))
    with pytest.raises(ConfigError, match=r"keeps texts in LATIN1: .*UTF8"):
        open_ledger(place)


@pytest.mark.parametrize(
    ("shop", "schema"),
    [
        ("lyon", "shop_lyon"),
        ("lyon_2", "shop_lyon_2"),
        ("Lyon", r"shop_lyon_[0-9a-f]{8}"),
        ("lyon-2", r"shop_lyon_2_[0-9a-f]{8}"),
        ("Café été", r"shop_cafe_ete_[0-9a-f]{8}"),
        ("東京", r"shop_[0-9a-f]{8}"),
        ("x" * 80, r"shop_x{48}_[0-9a-f]{8}"),
    ],
)
def test_each_name_of_a_shop_has_a_schema_of_its_own(shop: str, schema: str) -> None:
    assert re.fullmatch(schema, schema_of(shop))
    assert len(schema_of(shop)) <= 63


@pytest.mark.realserver
def test_a_pool_that_takes_the_connection_s_settings_is_told(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = databases.connection_arguments
    bare = lambda *args: whole(*args) | {"options": ""}  # noqa: E731
    monkeypatch.setattr(databases, "connection_arguments", bare)
    with pytest.raises(ConfigError, match="the connection has lost its settings"):
        open_ledger(database)
