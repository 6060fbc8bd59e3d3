"""A real Postgres for every test: one server a run, one database a worker, rolled back or made anew."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import psycopg
import pytest
from psycopg import sql

from warehouse.engine import Warehouse
from warehouse.provision import provision
from warehouse.server import CLUSTERS, EmbeddedServer, cluster_name
from warehouse.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

TEMPLATE = "mita_template"
#: A busy machine is slow at times; a slow example is no false one.
hypothesis.settings.register_profile("mita", deadline=None)
hypothesis.settings.load_profile("mita")
REPOSITORY = Path(__file__).resolve().parent.parent


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Remove the clusters that root's tests made outside of their temporary folders."""
    if hasattr(session.config, "workerinput"):  # the process that started the workers ends last
        return
    folder = session.config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]  # noqa: SLF001 - no other way
    for cluster in CLUSTERS.glob(f"{cluster_name(folder)}-*"):
        shutil.rmtree(cluster, ignore_errors=True)


@pytest.fixture(scope="session")
def realdata() -> Path:
    """Real files collected by others, which the project does not ship."""
    folder = Path(os.environ.get("MITA_REALDATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("real data is not here; set MITA_REALDATA to its folder")
    return folder


@pytest.fixture(scope="session")
def shared_settings(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Settings:
    """Settings whose data folder all workers of this run share."""
    base = tmp_path_factory.getbasetemp()
    return Settings(home=(base if worker_id == "master" else base.parent) / "mita", chunk_rows=1000)


@pytest.fixture(scope="session")
def server(shared_settings: Settings) -> Iterator[URL]:
    """The owner's URL of the run's Postgres, with a migrated database to make others from."""
    embedded = EmbeddedServer(shared_settings)
    with embedded.in_use() as url:
        # Tests kill processes and never the machine, so what the kernel holds is not lost.
        with psycopg.connect(administration(url), autocommit=True) as connection:
            connection.execute("alter system set fsync = off")
            connection.execute("select pg_reload_conf()")
        provision(shared_settings, url.set(database=TEMPLATE))
        yield url


@pytest.fixture
def warehouse(server: URL, shared_settings: Settings, worker_id: str) -> Warehouse:
    """A warehouse of its own for one test, as the pipeline sees it."""
    name = f"mita_test_{worker_id}"
    with psycopg.connect(administration(server), autocommit=True) as connection:
        connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))
        connection.execute(
            sql.SQL("create database {} template {} strategy file_copy").format(
                sql.Identifier(name), sql.Identifier(TEMPLATE)
            )
        )
    return Warehouse(shared_settings, server.set(database=name))


def administration(server: URL) -> str:
    """The address by which databases are made and dropped."""
    return server.set(drivername="postgresql", database="postgres").render_as_string(hide_password=False)
