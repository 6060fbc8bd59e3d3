"""The demo: simulated people's bank statements, all the way to today's budget, on this machine."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import polars as pl

from flows.cli.addresses import show_addresses
from flows.cli.output import console, hints, print_json
from flows.platform.client import run_module
from flows.platform.control import await_service, launch
from flows.platform.state import PlatformState, read_state
from warehouse.engine import open_warehouse
from warehouse.errors import ActionableError
from warehouse.passwords import hash_password
from warehouse.repositories.users import NewUser, UserExistsError, add_user
from warehouse.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

SEED = 7
PASSWORD_LENGTH = 16
#: The services that an ingest needs; the others come up meanwhile.
INGESTING = {"prefect", "pipelines"}


@dataclass(frozen=True, slots=True)
class Person:
    """A simulated person and the folder of the statements that their banks sent."""

    email: str
    currency: str
    timezone: str
    country: str
    statements: Path


def run_demo(settings: Settings, *, people: int, months: int, as_json: bool) -> None:
    """Start the platform, generate statements meanwhile, ingest them, show a plan and the addresses."""
    started = time.monotonic()
    supervisor = None if read_state(settings) else launch(settings)
    hints.print("Starting Postgres, the API, Prefect and a worker; writing bank statements meanwhile.")
    persons = list(simulated_people(settings, people, months))
    with hints.status("Waiting for the services"):
        await_service(settings, supervisor, lambda state: state.services.keys() >= INGESTING)
    hints.print(f"Ready to ingest after {time.monotonic() - started:.0f} s.", style="dim")
    password = settings.derived_key("demo password")[:PASSWORD_LENGTH]
    make_users(settings, persons, password)
    for person in persons:
        hints.print(f"Ingesting the statements of {person.email}")
        last = () if person is persons[-1] else ("--no-refresh",)
        run_command("ingest", str(person.statements), "--user", person.email, "--summary", *last)
    with hints.status("Waiting for the worker"):
        state = await_service(settings, supervisor, lambda state: state.is_complete)
    start_deployment(state, "register-models/register-models")
    finish(state, persons, password, as_json=as_json)
    hints.print(f"From nothing to a plan in {time.monotonic() - started:.0f} s.", style="dim")


def simulated_people(settings: Settings, people: int, months: int) -> Iterator[Person]:
    """Generate the people of the demo up to yesterday, and tell who they are."""
    from flows.generator import generate  # noqa: PLC0415 - imports numpy

    today = datetime.now(tz=UTC).date()
    out = settings.folder("demo") / f"{people}-people-{months}-months-to-{today}"
    if not (out / "manifest.json").exists():
        generate(users=people, months=months, seed=SEED, out=out, end=today + timedelta(days=1))
    for row in pl.read_parquet(out / "truth" / "people.parquet").iter_rows(named=True):
        yield Person(row["email"], row["currency"], row["timezone"], row["country"], out / row["user"])


def make_users(settings: Settings, persons: list[Person], password: str) -> None:
    """Make the people's users, unless an earlier demo did."""
    hashed = hash_password(password)
    with open_warehouse(settings) as warehouse:
        for person in persons:
            new = NewUser(
                person.email, person.currency, person.timezone, person.country, password_hash=hashed
            )
            try:
                with warehouse.transaction() as connection:
                    add_user(connection, new)
            except UserExistsError:
                continue


def start_deployment(state: PlatformState, name: str) -> None:
    """Let the worker run a deployment, as the button in the Prefect UI does; nobody waits for it."""
    with httpx.Client(base_url=f"{state.services['prefect']}/api") as prefect:
        deployment = prefect.get(f"/deployments/name/{name}").raise_for_status().json()["id"]
        prefect.post(f"/deployments/{deployment}/create_flow_run", json={}).raise_for_status()


def run_command(*arguments: str) -> None:
    """Run a ``mita`` command in the platform's warm process, as a person's terminal would."""
    code = run_module(Settings().root, "flows.cli", arguments)
    if code != 0:
        message = f"'mita {' '.join(arguments)}' ended with {code}; see its words above"
        raise ActionableError(message)


def finish(state: PlatformState, persons: list[Person], password: str, *, as_json: bool) -> None:
    """Show the first person's month, how to sign in as them, and every address."""
    if as_json:
        users = [person.email for person in persons]
        print_json({"services": state.services, "users": users, "password": password})
        return
    run_command("plan", "show", "--user", persons[0].email)
    sys.stdout.flush()
    show_addresses(state)
    console.print(f"\nSign in to the API: [bold]{persons[0].email}[/], password [bold]{password}[/]")
    console.print(f"Another month: mita plan show --user {persons[0].email} --month {_last_month()}")


def _last_month() -> str:
    return (datetime.now(tz=UTC).date().replace(day=1) - timedelta(days=1)).strftime("%Y-%m")
