"""``mita transactions export`` and ``mita export``: what leaves the platform."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from flows.cli.errors import CommandError
from flows.cli.output import AsJson, hints, print_json
from flows.cli.statements import UserEmail, transaction_commands

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from warehouse.repositories.transactions import TransactionFilter
    from warehouse.repositories.users import User


class Format(StrEnum):
    """What transactions are written as."""

    csv = "csv"
    xlsx = "xlsx"
    ofx = "ofx"
    json = "json"


Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"])]


def register(app: typer.Typer) -> None:
    """Add these commands to ``mita``."""
    transaction_commands.command("export")(export_transactions)
    app.command("export")(export_everything)


def export_transactions(
    user: UserEmail,
    out: Annotated[Path | None, typer.Option(help="The file to write; standard output if left out.")] = None,
    format_: Annotated[
        Format | None, typer.Option("--format", help="As the file's name ends, else CSV.")
    ] = None,
    since: Day = None,
    until: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The last day, included.")
    ] = None,
    account: Annotated[str, typer.Option(help="An account's id, number or name.")] = "",
    category: Annotated[str, typer.Option(help="A category's code.")] = "",
    search: Annotated[str, typer.Option(help="A part of the text or the counterparty.")] = "",
    *,
    as_json: AsJson = False,
) -> None:
    """Write transactions for spreadsheets (csv, xlsx), for other programs (ofx) or as json."""
    from flows.cli.sessions import user_session
    from warehouse.repositories.transactions import TransactionFilter

    last = until.date() + timedelta(days=1) if until else None
    wanted = TransactionFilter(since.date() if since else None, last, account, category, search)
    chosen = Format.json if as_json else format_ or _named(out)
    if chosen is Format.xlsx and out is None:
        message = "a workbook does not go to the terminal: name its file with --out FILE.xlsx"
        raise CommandError(message)
    with user_session(user) as (connection, owner), _opened(out) as file:
        count = _write(connection, owner, wanted, chosen, file)
    if out:
        hints.print(f"Wrote {count} transactions to {out}.", highlight=False, markup=False)
    if chosen is Format.ofx:
        hints.print("OFX holds what is posted; pending transactions are left out.", style="dim")


def export_everything(
    user: UserEmail,
    out: Annotated[Path, typer.Option(help="A folder to make, or a file that ends in .zip.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Write everything that is kept of a user, in every schema; passwords, keys and tokens aside."""
    from flows.cli.sessions import user_session
    from flows.exports.everything import export_user
    from warehouse.engine import open_warehouse
    from warehouse.settings import Settings

    with user_session(user) as (_, owner):
        pass
    with open_warehouse(Settings()) as warehouse:
        manifest = export_user(warehouse, owner, out)
    if as_json:
        print_json(manifest)
        return
    rows = sum(table.rows for table in manifest.tables)
    hints.print(f"Wrote {rows} rows of {len(manifest.tables)} tables to {out}.", markup=False)


def _named(out: Path | None) -> Format:
    suffix = out.suffix.lower().lstrip(".") if out else ""
    return Format(suffix) if suffix in set(Format) else Format.csv


@contextlib.contextmanager
def _opened(out: Path | None) -> Iterator[BinaryIO]:
    """The file to write, which appears when it is whole; or standard output."""
    if out is None:
        yield sys.stdout.buffer
        return
    draft = out.with_name(f".{out.name}.part")
    try:
        with draft.open("wb") as file:
            yield file
        draft.replace(out)
    finally:
        draft.unlink(missing_ok=True)


def _write(
    connection: Connection, owner: User, wanted: TransactionFilter, chosen: Format, file: BinaryIO
) -> int:
    from flows.exports import ofx, tables
    from warehouse.repositories.transactions import exported_accounts, list_by_account, list_transactions

    if chosen is Format.ofx:
        accounts = exported_accounts(connection, owner.user_id, wanted)
        lines = list_by_account(connection, owner.user_id, wanted, ofx.in_sections(accounts))
        return ofx.write_ofx(lines, {account.account_id: account for account in accounts}, file)
    write = {"csv": tables.write_csv, "xlsx": tables.write_xlsx, "json": tables.write_json}[chosen]
    return write(list_transactions(connection, owner.user_id, wanted), file)
