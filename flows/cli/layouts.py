"""``mita statements``: how a file would be read, and what its user knows better."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from flows.cli.output import AsJson, console, hints, print_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flows.sources.preview import Preview, PreviewLine
    from warehouse.engine import Warehouse
    from warehouse.records import ReadingHints, StatementLayout

commands = typer.Typer(help="How a statement file is read, and your word on it.", no_args_is_help=True)

Country = Annotated[str, typer.Option(help="The bank's country, for dates that could be read two ways.")]
Currency = Annotated[str, typer.Option(help="The currency, for files that do not name it.")]
Account = Annotated[str, typer.Option(help="The account, for files that do not name theirs.")]
UserEmail = Annotated[str, typer.Option("--user", help="Whose money it is.", show_default=False)]
MaybeUser = Annotated[
    str,
    typer.Option("--user", help="Whose country, currency and confirmed layouts hold.", show_default=False),
]
_SURE, _OPEN = 0.9, 0.8


def register(app: typer.Typer) -> None:
    """Add these commands to ``mita``."""
    app.add_typer(commands, name="statements")


@commands.command()
def preview(
    file: Annotated[Path, typer.Argument(help="A statement file, or an archive of them.")],
    user: MaybeUser = "",
    country: Country = "",
    currency: Currency = "",
    account: Account = "",
    lines: Annotated[int, typer.Option(min=1, help="How many lines to show.")] = 10,
    *,
    as_json: AsJson = False,
) -> None:
    """Show how a file would be read, how sure that is, and what is doubtful; nothing is stored."""
    from warehouse.records import ReadingHints

    own = _hints_of(user) if user else ReadingHints()
    given = ReadingHints(country or own.country, currency or own.currency, account, own.layouts)
    previews = list(_previews(file, given, lines))
    if as_json:
        print_json(previews[0] if len(previews) == 1 else previews)
    else:
        for found in previews:
            _show(found)
    if any(found.refusal for found in previews):
        raise typer.Exit(1)


@commands.command()
def confirm(
    file: Annotated[Path, typer.Argument(help="A table of the bank: CSV or a workbook.")],
    user: UserEmail,
    date_order: Annotated[
        Literal["DMY", "MDY", "YMD"] | None, typer.Option(help="Day, month and year as the bank writes them.")
    ] = None,
    decimal: Annotated[Literal[".", ","] | None, typer.Option(help="The decimal mark.")] = None,
    signs: Annotated[
        Literal["as-written", "inverted"] | None,
        typer.Option(help="Inverted where the bank writes money that leaves without a minus."),
    ] = None,
    header_line: Annotated[int, typer.Option(help="The line of the column names.", min=0)] = 0,
    date_column: Annotated[str, typer.Option(help="By name, or by number from 1.")] = "",
    value_date_column: str = "",
    amount_column: str = "",
    debit_column: str = "",
    credit_column: str = "",
    indicator_column: Annotated[str, typer.Option(help="The column that says debit or credit.")] = "",
    balance_column: str = "",
    currency_column: str = "",
    description_column: Annotated[list[str] | None, typer.Option(help="May be said several times.")] = None,
    counterparty_column: str = "",
    reference_column: str = "",
    account_column: str = "",
    ignore_column: Annotated[list[str] | None, typer.Option(help="May be said several times.")] = None,
    currency: Currency = "",
    account: Account = "",
    *,
    as_json: AsJson = False,
) -> None:
    """Keep your word on a bank's tables: this file and later ones with the same header are read by it."""
    from warehouse.records import StatementLayout

    single = {
        "date": date_column, "value-date": value_date_column, "amount": amount_column, "debit": debit_column,
        "credit": credit_column, "indicator": indicator_column, "balance": balance_column,
        "currency": currency_column, "counterparty": counterparty_column, "reference": reference_column,
        "account": account_column,
    }  # fmt: skip
    several = {"description": description_column or [], "ignore": ignore_column or []}
    columns = [(role, name) for role, name in single.items() if name]
    columns += [(role, name) for role, names in several.items() for name in names]
    said = StatementLayout(
        columns=tuple(columns),
        header_line=header_line,
        date_order=date_order or "",
        decimal=decimal or "",
        signs=(signs or "").replace("-", " "),
        currency=currency,
        account_ref=account,
    )
    found = _confirmed(file, user, said)
    if as_json:
        print_json(found)
    else:
        _show(found)
        hints.print(f"Kept. Next: mita ingest {file} --user {user}")


@commands.command()
def layouts(user: UserEmail, *, as_json: AsJson = False) -> None:
    """List what has been confirmed of banks' tables."""
    kept = _hints_of(user).layouts
    if as_json:
        print_json(list(kept))
        return
    for layout in kept:
        console.print(f"[bold]{layout.fingerprint}[/]  {_told(layout)}", highlight=False)


@commands.command()
def forget(fingerprint: str, user: UserEmail) -> None:
    """Take back what was confirmed of tables with a fingerprint."""
    from warehouse.repositories.layouts import delete_layout
    from warehouse.repositories.users import get_user

    with _warehouse() as warehouse, warehouse.transaction() as connection:
        gone = delete_layout(connection, get_user(connection, user).user_id, fingerprint)
    console.print("Forgotten." if gone else "Nothing was kept for that fingerprint.")
    if not gone:
        raise typer.Exit(1)


def _confirmed(file: Path, email: str, said: StatementLayout) -> Preview:
    """Read the file by what was said and keep that if it gives a statement; raises StatementRefusedError."""
    from flows.sources.preview import preview as preview_of
    from warehouse.records import ReadingHints, StatementRefusedError
    from warehouse.repositories.layouts import add_layout
    from warehouse.repositories.users import get_user

    with _warehouse() as warehouse, warehouse.transaction() as connection:
        user = get_user(connection, email)
        given = ReadingHints(user.country, said.currency or user.currency, said.account_ref, (said,))
        found = preview_of(file, given)
        if found.refusal:
            raise StatementRefusedError(found.refusal)
        if not found.fingerprint:
            message = f"{file.name} is {found.source_format}, which says by itself how it is to be read"
            raise StatementRefusedError(message)
        add_layout(connection, user.user_id, replace(said, fingerprint=found.fingerprint))
    return found


def _hints_of(email: str) -> ReadingHints:
    """What a user's files are read by."""
    from warehouse.records import ReadingHints
    from warehouse.repositories.layouts import list_layouts
    from warehouse.repositories.users import get_user

    with _warehouse() as warehouse, warehouse.transaction() as connection:
        user = get_user(connection, email)
        return ReadingHints(user.country, user.currency, "", list_layouts(connection, user.user_id))


@contextlib.contextmanager
def _warehouse() -> Iterator[Warehouse]:
    """The warehouse, set up if it is new."""
    from warehouse.engine import open_warehouse
    from warehouse.provision import provision
    from warehouse.settings import Settings

    settings = Settings()
    with open_warehouse(settings) as warehouse:
        provision(settings, warehouse.server)
        yield warehouse


def _previews(file: Path, given: ReadingHints, shown: int) -> Iterator[Preview]:
    """A preview of the file, or of each member of an archive."""
    import tempfile

    from flows.archives import RefusedFile, opened
    from flows.sources.preview import Preview
    from flows.sources.preview import preview as preview_of

    with tempfile.TemporaryDirectory() as folder:
        for found in opened([file], Path(folder)):
            if isinstance(found, RefusedFile):
                yield Preview(found.given, refusal=found.refusal)
            else:
                yield replace(preview_of(found.path, given, shown=shown), file=found.name)


def _told(layout: StatementLayout) -> str:
    said = {
        "date order": layout.date_order, "decimal mark": layout.decimal, "signs": layout.signs,
        "currency": layout.currency, "account": layout.account_ref, **dict(layout.columns),
    }  # fmt: skip
    return ", ".join(f"{name}: {value}" for name, value in said.items() if value) or "as understood"


def _show(found: Preview) -> None:
    """Tell a preview to a person: decisions, lines, doubts."""
    from rich.table import Table

    if found.refusal:
        console.print(found.refusal, style="red", highlight=False, markup=False)
        return
    sure = "" if found.confidence is None else f", at least {found.confidence:.0%} sure"
    console.print(
        f"[bold]{found.file}[/]: {found.source_format}, {found.lines_read} lines,"
        f" {found.lines_with_problems} of them with a problem{sure}",
        highlight=False,
    )
    if found.decisions:
        table = Table("Understood", "As", "Why", box=None, header_style="bold")
        table.add_column("Sure", justify="right")
        for made in found.decisions:
            colour = "green" if made.confidence >= _SURE else "yellow" if made.confidence >= _OPEN else "red"
            table.add_row(
                _plain(made.subject),
                _plain(made.value),
                _plain(made.evidence),
                f"[{colour}]{made.confidence:.0%}[/]",
            )
        console.print(table)
    _show_lines(found.lines)
    for remark in (*(f"doubtful: {doubt}" for doubt in found.doubts), *found.notes):
        console.print(f"- {remark}", style="dim", highlight=False, markup=False)
    for line in found.problems:
        console.print(
            f"- line {line.line_number}: {line.problem}", style="red", highlight=False, markup=False
        )


def _show_lines(lines: tuple[PreviewLine, ...]) -> None:
    from rich.table import Table

    table = Table("Line", "Date", "Description", "Account", box=None, header_style="bold")
    table.add_column("Amount", justify="right")
    for line in lines:
        amount = "?" if line.amount is None else f"{line.amount:,} {line.currency}"
        table.add_row(
            str(line.line_number),
            line.booked_date or "?",
            _plain(line.description[:50]),
            _plain(line.account),
            amount,
        )
    console.print(table)


def _plain(text: str) -> str:
    """Text of a file as it is, with nothing in it that the terminal would take for a command."""
    from rich.markup import escape

    return escape("".join(char if char.isprintable() else " " for char in text))
