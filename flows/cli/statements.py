"""``mita ingest``, ``mita build`` and ``mita transactions``."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.cli.delegation import heavy
from flows.cli.output import AsJson, console, hints, print_json, progress_bar

if TYPE_CHECKING:
    from flows.ingest import FileOutcome
    from warehouse.repositories.transactions import Transaction

transaction_commands = typer.Typer(help="What was spent and received.", no_args_is_help=True)

UserEmail = Annotated[str, typer.Option("--user", help="Whose money it is.", show_default=False)]


def register(app: typer.Typer) -> None:
    """Add these commands to ``mita``."""
    app.command()(ingest)
    app.command()(build)
    app.add_typer(transaction_commands, name="transactions")


@heavy
def ingest(
    paths: Annotated[list[Path], typer.Argument(help="Statement files, or folders of them.")],
    user: UserEmail,
    account: Annotated[str, typer.Option(help="The account, for files that do not name theirs.")] = "",
    currency: Annotated[str, typer.Option(help="The currency, for files that do not name it.")] = "",
    country: Annotated[
        str, typer.Option(help="The bank's country, for dates that could be read two ways.")
    ] = "",
    *,
    refresh: Annotated[bool, typer.Option(help="Renew the plan at the end.")] = True,
    summary: Annotated[bool, typer.Option("--summary", help="One line in place of a table.")] = False,
    as_json: AsJson = False,
) -> None:
    """Read statement files, put their lines where they belong, and renew the plan."""
    _load_early(refresh=refresh)
    from flows.ingest import ingest as ingest_flow
    from flows.orchestration import run
    from warehouse.engine import open_warehouse
    from warehouse.provision import provision
    from warehouse.settings import Settings

    settings = Settings()
    with open_warehouse(settings) as warehouse, progress_bar():
        provision(settings, warehouse.server)
        files = [str(path.absolute()) for path in paths]
        outcomes = run(
            ingest_flow, files, user, country=country, currency=currency, account=account, refresh=refresh
        )
    if as_json:
        print_json(outcomes)
    elif summary:
        _sum_up(outcomes)
    else:
        _show_outcomes(outcomes, user)
    if any(outcome.outcome == "refused" for outcome in outcomes):
        raise typer.Exit(1)


def _load_early(*, refresh: bool) -> None:
    """Let the slowest libraries be imported in processes of their own, the next slowest here meanwhile."""
    from flows.dbt import start_dbt
    from flows.judging import start_gate
    from warehouse.settings import Settings

    start_gate(Settings())
    if refresh:
        start_dbt()
    import models_ml.identity.resolve
    import models_ml.links.match  # noqa: F401 - scipy, which would be imported while nothing else is


def _sum_up(outcomes: list[FileOutcome]) -> None:
    kinds = Counter(outcome.outcome for outcome in outcomes)
    files = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    lines = sum(outcome.lines_read for outcome in outcomes)
    new = sum(outcome.transactions_added for outcome in outcomes)
    quarantined = sum(outcome.lines_quarantined for outcome in outcomes)
    console.print(f"Files: {files}; {lines} lines, {new} new transactions, {quarantined} lines quarantined.")


def _show_outcomes(outcomes: list[FileOutcome], user: str) -> None:
    from rich.table import Table

    table = Table("File", "Outcome", "Format", box=None, header_style="bold")
    for heading in ("Read", "Quarantined", "New"):
        table.add_column(heading, justify="right")
    for outcome in outcomes:
        colour = {"loaded": "green", "known": "cyan"}.get(outcome.outcome, "red")
        table.add_row(
            Path(outcome.file).name,
            f"[{colour}]{outcome.outcome}[/]",
            outcome.source_format or "",
            str(outcome.lines_read),
            str(outcome.lines_quarantined),
            str(outcome.transactions_added),
        )
    console.print(table)
    for outcome in outcomes:
        for remark in (*outcome.notes, *filter(None, [outcome.refusal])):
            told = f"{Path(outcome.file).name}: {remark.removeprefix(f'{Path(outcome.file).name} ')}"
            hints.print(told, style="dim", highlight=False, markup=False)
    if any(outcome.transactions_added for outcome in outcomes):
        hints.print(f"Next: mita plan show --user {user}")


@heavy
def build(
    *,
    full_refresh: Annotated[bool, typer.Option(help="Build and test everything from scratch.")] = False,
    as_json: AsJson = False,
) -> None:
    """Renew the marts of users whose facts or day have moved on."""
    from rich.table import Table

    from flows.build import build as build_flow
    from flows.orchestration import run
    from warehouse.engine import open_warehouse
    from warehouse.provision import provision
    from warehouse.settings import Settings

    settings = Settings()
    with open_warehouse(settings) as warehouse:
        provision(settings, warehouse.server)
        results = run(build_flow, full_refresh=full_refresh)
    if as_json:
        print_json(results)
        return
    table = Table("Node", "Kind", "Status", box=None, header_style="bold")
    table.add_column("Seconds", justify="right")
    for result in results:
        table.add_row(result.node, result.kind, result.status, f"{result.seconds:.2f}")
    console.print(table if results else "Everything is as new as the facts.")


@transaction_commands.command("list")
def list_(
    user: UserEmail,
    since: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"])] = None,
    limit: Annotated[int, typer.Option(min=1)] = 50,
    *,
    as_json: AsJson = False,
) -> None:
    """List transactions, the latest first."""
    from rich.table import Table

    from warehouse.money import Money

    rows = _transactions(user, since.date() if since else None, limit)
    if as_json:
        print_json([_as_record(row) for row in rows])
        return
    table = Table("Date", "Account", "Description", "Category", "By", box=None, header_style="bold")
    table.add_column("Amount", justify="right")
    for row in rows:
        amount = Money(row.amount_minor, row.currency)
        table.add_row(
            row.spent_date.isoformat(),
            row.account,
            row.description[:60],
            row.category_code,
            row.category_origin,
            str(amount),
        )
    console.print(table)


def _transactions(email: str, since: date | None, limit: int | None) -> list[Transaction]:
    from warehouse.engine import open_warehouse
    from warehouse.provision import provision
    from warehouse.repositories.transactions import TransactionFilter, list_transactions
    from warehouse.repositories.users import get_user
    from warehouse.settings import Settings

    settings = Settings()
    with open_warehouse(settings) as warehouse:
        provision(settings, warehouse.server)
        with warehouse.transaction() as connection:
            user = get_user(connection, email)
            return list(list_transactions(connection, user.user_id, TransactionFilter(since), limit=limit))


def _as_record(row: Transaction) -> dict[str, Any]:
    from warehouse.money import Money

    return {
        "transaction_id": row.transaction_id,
        "account": row.account,
        "spent_date": row.spent_date,
        "booked_date": row.booked_date,
        "amount": Money(row.amount_minor, row.currency).decimal,
        "currency": row.currency,
        "status": row.status,
        "description": row.description,
        "category_code": row.category_code,
        "category_origin": row.category_origin,
        "category_probability": row.category_probability,
    }
