"""``mita sync`` and ``mita bank``: banks that are read by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from flows.cli.delegation import heavy
from flows.cli.output import AsJson, console, hints, print_json
from flows.cli.statements import UserEmail

if TYPE_CHECKING:
    from flows.sync_bank import SyncOutcome

commands = typer.Typer(help="Banks that are read by themselves: connect, list, remove.", no_args_is_help=True)
ConnectionId = Annotated[UUID, typer.Argument(help="As 'mita bank list' shows it.", show_default=False)]
COLOURS = {"synced": "green", "nothing new": "cyan"}


def register(app: typer.Typer) -> None:
    """Add these commands to ``mita``."""
    app.command()(sync)
    app.add_typer(commands, name="bank")


@heavy
def sync(
    user: Annotated[
        str, typer.Option("--user", help="Whose banks; those of all that are due if unset.")
    ] = "",
    connection: Annotated[str, typer.Option(help="One connection only, by its id.")] = "",
    *,
    refresh: Annotated[bool, typer.Option(help="Renew the plan at the end.")] = True,
    as_json: AsJson = False,
) -> None:
    """Read what connected banks have new, and renew the plan."""
    from flows.orchestration import run
    from flows.sync_bank import sync_bank
    from warehouse.engine import open_warehouse
    from warehouse.provision import provision
    from warehouse.settings import Settings

    settings = Settings()
    with open_warehouse(settings) as warehouse:
        provision(settings, warehouse.server)
        outcomes = run(sync_bank, user, connection, refresh=refresh)
    if as_json:
        print_json(outcomes)
    else:
        _show(outcomes)
    if any(outcome.problem for outcome in outcomes):
        raise typer.Exit(1)


def _show(outcomes: list[SyncOutcome]) -> None:
    from rich.table import Table

    table = Table("Bank", "Outcome", box=None, header_style="bold")
    for heading in ("Read", "Quarantined", "New"):
        table.add_column(heading, justify="right")
    for outcome in outcomes:
        counts = (outcome.lines_read, outcome.lines_quarantined, outcome.transactions_added)
        colour = COLOURS.get(outcome.outcome, "red")
        table.add_row(outcome.institution, f"[{colour}]{outcome.outcome}[/]", *map(str, counts))
    console.print(table if outcomes else "No connected bank is due.")
    for outcome in outcomes:
        if outcome.problem:
            hints.print(f"{outcome.institution}: {outcome.problem}", style="yellow", markup=False)


@commands.command()
def connect(
    user: UserEmail,
    public_token: Annotated[str, typer.Option(help="What Plaid Link gave, e.g. in its sandbox.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Keep a bank that was allowed in Plaid Link; the app does the same through the API."""
    from flows.cli.sessions import user_session
    from flows.tasks.feeds import exchange_token
    from warehouse.repositories import feeds
    from warehouse.settings import Settings

    with user_session(user) as (connection, owner):
        new = exchange_token(Settings(), public_token, owner.country)
        connection_id = feeds.add_connection(connection, owner.user_id, new)
    if as_json:
        print_json({"connection_id": connection_id, "institution": new.institution})
        return
    console.print(f"Connected {new.institution or 'the bank'}.", markup=False)
    hints.print(f"Next: mita sync --user {user}")


@commands.command("list")
def list_(user: UserEmail, *, as_json: AsJson = False) -> None:
    """List the connected banks, each with what is wrong, if anything is."""
    from rich.table import Table

    from flows.cli.sessions import user_session
    from warehouse.plaid import advice
    from warehouse.repositories.feeds import list_connections

    with user_session(user) as (connection, owner):
        found = list_connections(connection, owner.user_id)
    if as_json:
        shown = ("connection_id", "institution", "status", "error_code", "wanted_at", "synced_at")
        print_json([{name: getattr(bank, name) for name in shown} for bank in found])
        return
    table = Table("Connection", "Bank", "Status", "Read", box=None, header_style="bold")
    for bank in found:
        when = f"{bank.synced_at:%Y-%m-%d %H:%M}" if bank.synced_at else "not yet"
        table.add_row(str(bank.connection_id), bank.institution, bank.status, when)
    console.print(table if found else "No bank is connected.")
    for bank in found:
        if bank.error_code:
            hints.print(f"{bank.institution}: {advice(bank.error_code)}", style="yellow", markup=False)


@commands.command()
@heavy
def remove(
    connection_id: ConnectionId,
    user: UserEmail,
    *,
    forget: Annotated[bool, typer.Option("--forget", help="Take back what it brought, too.")] = False,
) -> None:
    """End a connection, here and at Plaid; what it brought stays, unless it is to be forgotten."""
    from flows.orchestration import run
    from flows.sync_bank import remove_bank

    undone = run(remove_bank, user, str(connection_id), forget=forget)
    console.print(f"Removed; {undone} imports taken back." if forget else "Removed; its transactions stay.")
