"""Bring a Postgres server to the state that the platform needs: databases, roles, migrations."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from warehouse.errors import ActionableError
from warehouse.settings import Role, Settings
from warehouse.versions import newest_migration

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy.engine import URL

MINIMUM_SERVER_VERSION = 180000
#: An arbitrary number that every provisioning of a server locks, so that two never interleave.
PROVISION_LOCK = 7_264_820
ROLES: tuple[Role, ...] = ("pipeline", "api", "analyst", "prefect", "mlflow")
#: Databases of their own in the same server, each with its role as owner.
OWN_DATABASES: tuple[Role, ...] = ("prefect", "mlflow")


class ServerTooOldError(ActionableError, RuntimeError):
    """The configured server lacks what the platform uses (uuidv7)."""


class ServerUnreachableError(ActionableError, RuntimeError):
    """Nobody answers at the server's address, or not with these credentials."""


def provision(settings: Settings, server: URL) -> None:
    """Create what is missing and migrate; safe to repeat and to call from several processes at once."""
    if is_provisioned(settings, server):
        return
    with _administration(server) as connection:
        _check_version(connection)
        connection.execute("select pg_advisory_lock(%s)", [PROVISION_LOCK])
        for role in ROLES:
            _ensure_role(connection, role, settings.derived_key(f"role:{role}"))
        _ensure_database(connection, server.database or "mita", None)
        for role in OWN_DATABASES:
            _ensure_database(connection, role_database(server, role), role)
        _grant_access(connection, server.database or "mita")
        migrate(server)


def _administration(server: URL) -> psycopg.Connection:
    try:
        return psycopg.connect(_dsn(server.set(database="postgres")), autocommit=True)
    except psycopg.OperationalError as error:
        message = (
            f"Postgres at {server.host}:{server.port or 5432} cannot be used: {str(error).splitlines()[0]}; "
            "start it, or correct MITA_DATABASE_URL"
        )
        raise ServerUnreachableError(message) from error


def is_provisioned(settings: Settings, server: URL) -> bool:
    """Whether the roles that work with the platform's database can sign in and find it as new as the code."""
    try:
        with psycopg.connect(_dsn(settings.url_for("pipeline", server))):
            pass
        with psycopg.connect(_dsn(settings.url_for("api", server))) as connection:
            found = connection.execute("select version_num from ops.alembic_version").fetchone()
    except psycopg.Error:  # provisioning mends it, or says what is wrong
        return False
    return found == (newest_migration(),)


def migrate(server: URL, revision: str = "head") -> None:
    """Run the Alembic migrations of the platform's database."""
    from alembic import command  # noqa: PLC0415 - a third of a second, wanted only where tables are made

    command.upgrade(alembic_config(server), revision)


def alembic_config(server: URL) -> Config:
    """Alembic's configuration, without a file: where the scripts lie and which database they change."""
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(files("warehouse") / "migrations"))
    config.attributes["url"] = server
    return config


def role_database(server: URL, role: Role) -> str:
    """The name of a role's own database beside the platform's, e.g. ``mita_prefect``."""
    return f"{server.database}_{role}"


def server_version(server: URL) -> str:
    """The version of the server, before anything is made on it."""
    with psycopg.connect(_dsn(server.set(database="postgres"))) as connection:
        return connection.info.parameter_status("server_version") or ""


def _check_version(connection: psycopg.Connection) -> None:
    version = connection.info.server_version
    if version < MINIMUM_SERVER_VERSION:
        message = f"Postgres 18 or later is needed, MITA_DATABASE_URL leads to {version // 10000}"
        raise ServerTooOldError(message)


def _ensure_role(connection: psycopg.Connection, role: Role, password: str) -> None:
    """The role can log in; its password is sent as a SCRAM verifier, so that no log holds it."""
    name = f"mita_{role}"
    exists = connection.execute("select 1 from pg_roles where rolname = %s", [name]).fetchone()
    verifier = connection.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256").decode()
    verb = sql.SQL("alter" if exists else "create")
    connection.execute(
        sql.SQL("{} role {} login password {}").format(verb, sql.Identifier(name), sql.Literal(verifier))
    )


def _ensure_database(connection: psycopg.Connection, name: str, owner: Role | None) -> None:
    if connection.execute("select 1 from pg_database where datname = %s", [name]).fetchone():
        return
    connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    connection.execute(sql.SQL("revoke all on database {} from public").format(sql.Identifier(name)))
    if owner:
        connection.execute(
            sql.SQL("alter database {} owner to {}").format(
                sql.Identifier(name), sql.Identifier(f"mita_{owner}")
            )
        )


def _grant_access(connection: psycopg.Connection, database: str) -> None:
    """Only the platform's roles may connect; only the pipeline needs temporary tables."""
    name = sql.Identifier(database)
    connection.execute(sql.SQL("grant connect, temporary on database {} to mita_pipeline").format(name))
    connection.execute(sql.SQL("grant connect on database {} to mita_api, mita_analyst").format(name))


def _dsn(url: URL) -> str:
    return url.set(drivername="postgresql").render_as_string(hide_password=False)
