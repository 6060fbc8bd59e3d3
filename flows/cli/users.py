"""``mita user``: people whose money it is."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.output import AsJson, console, print_json

if TYPE_CHECKING:
    from warehouse.repositories.users import NewUser, User
    from warehouse.settings import Settings

commands = typer.Typer(help="People whose money it is.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add these commands to ``mita``."""
    app.add_typer(commands, name="user")


@commands.command()
def create(
    email: str,
    currency: Annotated[str, typer.Option(help="ISO 4217 code of the plan's currency.")] = "EUR",
    timezone: Annotated[str, typer.Option(help="IANA time zone in which days begin.")] = "UTC",
    country: Annotated[
        str, typer.Option(help="ISO 3166 code; decides day-month order when files do not.")
    ] = "",
    income: Annotated[
        str | None, typer.Option(help="Monthly income; read off statements if left out.")
    ] = None,
    name: Annotated[str, typer.Option(help="How to address the person.")] = "",
    *,
    password: Annotated[
        bool, typer.Option("--password", help="Ask for a password, for signing in to the API.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make a user; with --password the password is asked for, or read from standard input."""
    from warehouse.money import Money
    from warehouse.repositories.users import NewUser
    from warehouse.settings import Settings

    monthly = None if income is None else Money.of(income, currency).minor
    hashed = _hashed(_ask_password()) if password else None
    user = create_user(Settings(), NewUser(email, currency, timezone, country, name, hashed, monthly))
    if as_json:
        print_json(user)
    else:
        console.print(f"Made [bold]{user.email}[/] ({user.currency}, {user.timezone}).")
        console.print(f"Next: mita ingest FILE --user {user.email}")


@commands.command("sign-out")
def sign_out(email: str, *, as_json: AsJson = False) -> None:
    """End every session of a user: whoever is signed in, anywhere, has to sign in again."""
    from warehouse.engine import open_warehouse
    from warehouse.repositories import users
    from warehouse.settings import Settings

    with open_warehouse(Settings()) as warehouse, warehouse.as_role("owner").transaction() as connection:
        ended = users.sign_out(connection, users.get_user(connection, email))
    if as_json:
        print_json({"email": email, "sessions": ended})
    else:
        console.print(f"Ended {ended} sessions of [bold]{email}[/].")


def create_user(settings: Settings, user: NewUser) -> User:
    """Make a user in a warehouse that is set up if it is new."""
    from warehouse.engine import open_warehouse
    from warehouse.provision import provision
    from warehouse.repositories.users import add_user

    with open_warehouse(settings) as warehouse:
        provision(settings, warehouse.server)
        with warehouse.transaction() as connection:
            return add_user(connection, user)


def _ask_password() -> str:
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\n")


def _hashed(password: str) -> str:
    from warehouse.passwords import hash_password

    return hash_password(password)
