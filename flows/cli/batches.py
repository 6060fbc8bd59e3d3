"""``mita batches``: what was imported, and how to take it back."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import typer

from flows.cli.delegation import heavy
from flows.cli.output import AsJson, console, hints, print_json
from flows.cli.statements import UserEmail

commands = typer.Typer(help="Imported files: list, show, undo.", no_args_is_help=True)
BatchId = Annotated[UUID, typer.Argument(help="As 'mita batches list' shows it.", show_default=False)]


def register(app: typer.Typer) -> None:
    """Add these commands to ``mita``."""
    app.add_typer(commands, name="batches")


@commands.command("list")
def list_(user: UserEmail, *, as_json: AsJson = False) -> None:
    """List the files that were given, the latest first."""
    from rich.table import Table

    from flows.cli.sessions import user_session
    from warehouse.repositories.batches import list_batches

    with user_session(user) as (connection, owner):
        found = list_batches(connection, owner.user_id)
    if as_json:
        print_json(found)
        return
    table = Table("Batch", "File", "Status", "Imported", box=None, header_style="bold")
    for heading in ("Read", "Quarantined", "New"):
        table.add_column(heading, justify="right")
    for batch in found:
        counts = (batch.lines_read, batch.lines_quarantined, batch.transactions_added)
        when = f"{batch.started_at:%Y-%m-%d %H:%M}"
        table.add_row(str(batch.batch_id), batch.file_name, batch.status, when, *map(str, counts))
    console.print(table)


@commands.command()
def show(batch: BatchId, user: UserEmail, *, as_json: AsJson = False) -> None:
    """Show one file: what it covers, what was noted of it, and the lines that were quarantined."""
    from flows.cli.sessions import user_session
    from warehouse.repositories.batches import describe_batch

    with user_session(user) as (connection, owner):
        found = describe_batch(connection, owner.user_id, batch)
    if as_json:
        print_json(found)
        return
    facts: dict[str, Any] = {"file": found.file_name, "status": found.status, "format": found.source_format}
    for name, value in facts.items():
        console.print(f"[bold]{name}[/] {value}")
    for account in found.accounts:
        console.print(
            f"[bold]account[/] {account.account_ref or '(none named)'} {account.currency}, "
            f"{account.first_date} to {account.last_date}"
        )
    for note in (*found.notes, *filter(None, [found.refusal])):
        console.print(note, style="dim", markup=False)
    for line in found.quarantined:
        console.print(f"line {line.line_number}: {line.reason}", style="yellow", markup=False)


@commands.command()
@heavy
def undo(batch: BatchId, user: UserEmail, *, as_json: AsJson = False) -> None:
    """Take an import back, as if its file had never come; it can be imported again."""
    from flows.batches import undo_batch
    from flows.orchestration import run

    undone = run(undo_batch, user, str(batch))
    if as_json:
        print_json(undone)
        return
    console.print(f"{undone.file}: undone, {undone.transactions_removed} transactions fewer.", markup=False)
    hints.print("Its file can be imported again with: mita ingest")
