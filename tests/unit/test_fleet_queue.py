"""The queue's tables: made once, brought along, by whoever may."""

from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from procrastinate.schema import SchemaManager
from pydantic import SecretStr

from passerelle.config.ledger import FLEET_SCHEMA, Database
from passerelle.fleet.queue import _missing, install
from tests.servers.postgresql import PostgreSql


def test_of_procrastinate_s_steps_those_are_taken_that_are_new() -> None:
    steps = sorted(Path(SchemaManager.get_migrations_path()).glob("*.sql"))
    assert len(steps) > 3
    assert [*_missing(steps, None)] == [SchemaManager.get_schema()]
    assert [*_missing(steps, steps[-3].name)] == [s.read_text("utf-8") for s in steps[-2:]]
    assert [*_missing(steps, steps[-1].name)] == []


@pytest.mark.realserver
def test_it_is_made_once_also_by_who_may_make_no_schema(postgresql: PostgreSql) -> None:
    url = postgresql.new_database()
    with closing(psycopg.connect(url, autocommit=True)) as connection:
        connection.execute("CREATE ROLE poor LOGIN")
        database = Database(url.replace("passerelle@", "poor@"), FLEET_SCHEMA, SecretStr(""))
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            install(database)
        connection.execute(f"CREATE SCHEMA {FLEET_SCHEMA} AUTHORIZATION poor".encode())
        for _time in range(2):
            install(database)
        found = connection.execute("SELECT count(*) FROM passerelle_fleet.steps").fetchone()
        assert found == (1,)
