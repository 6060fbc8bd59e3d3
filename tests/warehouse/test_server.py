"""The embedded server: started by whoever comes first, stopped by whoever leaves last, crash or not."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from alembic import command
from sqlalchemy import text
from sqlalchemy.engine import URL

from warehouse.engine import Warehouse, WarehouseUnavailableError, open_warehouse
from warehouse.provision import ServerUnreachableError, alembic_config, provision
from warehouse.server import EmbeddedServer, ServerError
from warehouse.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "a data folder")


@pytest.fixture
def own(settings: Settings) -> Iterator[EmbeddedServer]:
    server = EmbeddedServer(settings)
    yield server
    server.remove()


def postmaster(server: EmbeddedServer) -> int:
    return int((server.folder / "postmaster.pid").read_text().splitlines()[0])


def test_it_runs_for_as_long_as_somebody_uses_it(own: EmbeddedServer) -> None:
    with own.in_use():
        with own.in_use():
            assert own.is_running()
        assert own.is_running()
    assert not own.is_running()


def die_in_a_transaction(warehouse: Warehouse, server: EmbeddedServer) -> None:
    with warehouse.transaction() as connection:
        os.kill(postmaster(server), signal.SIGKILL)
        connection.execute(text("select pg_sleep(1)"))


def test_rows_survive_a_kill_of_the_server(settings: Settings, own: EmbeddedServer) -> None:
    with open_warehouse(settings, "owner") as warehouse:
        provision(settings, warehouse.server)
        with warehouse.transaction() as connection:
            connection.execute(text("create table public.kept as select 42 as answer"))
        os.kill(postmaster(own), signal.SIGKILL)
        while own.is_running():
            time.sleep(0.01)
        own.start()
        with warehouse.transaction() as connection:
            assert connection.execute(text("select answer from public.kept")).scalar_one() == 42


def test_a_lost_server_is_one_clear_error(settings: Settings, own: EmbeddedServer) -> None:
    with open_warehouse(settings, "owner") as warehouse:
        provision(settings, warehouse.server)
        with pytest.raises(WarehouseUnavailableError, match="Run the same command again"):
            die_in_a_transaction(warehouse, own)


def test_provisioning_twice_changes_nothing_and_the_tables_are_those_declared(
    server: URL, shared_settings: Settings
) -> None:
    template = server.set(database="mita_template")
    provision(shared_settings, template)
    command.check(alembic_config(template))


def test_migrations_go_down_and_up_again(warehouse: Warehouse) -> None:
    command.downgrade(alembic_config(warehouse.server), "base")
    command.upgrade(alembic_config(warehouse.server), "head")
    with warehouse.transaction() as connection:
        assert connection.execute(text("select count(*) from app.users")).scalar_one() == 0


def test_passwords_are_stored_and_sent_as_verifiers(server: URL, shared_settings: Settings) -> None:
    address = server.set(drivername="postgresql", database="postgres").render_as_string(hide_password=False)
    with psycopg.connect(address) as connection:
        stored = connection.execute("select rolpassword from pg_authid where rolname = 'mita_api'").fetchone()
    assert stored is not None
    assert stored[0].startswith("SCRAM-SHA-256$")
    log = (shared_settings.folder("logs") / "postgres.log").read_text()
    assert shared_settings.derived_key("role:api") not in log


def test_the_secret_is_made_once_and_readable_by_its_owner_only(settings: Settings) -> None:
    first = settings.secret
    assert Settings(home=settings.home).secret == first
    assert (settings.root / "secret.key").stat().st_mode & 0o077 == 0


def test_data_made_with_another_secret_is_said_so_before_anybody_fails_to_sign_in(
    settings: Settings, own: EmbeddedServer
) -> None:
    own.start()
    own.stop()
    (settings.root / "secret.key").unlink()
    with pytest.raises(ServerError, match=r"another secret key than .*: mv "):
        EmbeddedServer(Settings(home=settings.home)).start()


def test_a_migration_is_not_held_up_by_what_dbt_derived(warehouse: Warehouse) -> None:
    config = alembic_config(warehouse.server)
    command.downgrade(config, "0002")
    with warehouse.as_role("owner").transaction() as connection:
        connection.execute(text("create view staging.derived as select * from app.transactions"))
        connection.execute(text("create table marts.derived as select * from staging.derived"))
        connection.execute(
            text("create function marts.served() returns setof marts.derived return null::marts.derived")
        )
    command.upgrade(config, "head")
    with warehouse.transaction() as connection:
        found = text("select to_regclass('staging.derived'), to_regclass('marts.derived')")
        assert connection.execute(found).one() == (None, None)


def test_a_server_that_is_not_there_is_told_with_what_to_do(settings: Settings) -> None:
    nowhere = URL.create("postgresql+psycopg", "owner", "hidden", "127.0.0.1", 9, "mita")
    with pytest.raises(ServerUnreachableError, match=r"127\.0\.0\.1:9 .* correct MITA_DATABASE_URL") as told:
        provision(settings, nowhere)
    assert "hidden" not in str(told.value)
