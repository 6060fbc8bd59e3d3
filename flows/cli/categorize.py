"""``mita categorize``: what the shared model makes of lines, without storing anything."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from flows.cli.output import AsJson, console

commands = typer.Typer(help="Ask the model for categories.", no_args_is_help=True)
_SHOWN = 50


def register(app: typer.Typer) -> None:
    """Add these commands to ``mita``."""
    app.add_typer(commands, name="categorize")


@commands.command()
def predict(
    file: Annotated[str, typer.Argument(help="A CSV of any encoding and delimiter; - reads standard input.")],
    text_column: Annotated[str, typer.Option(help="The column with the bank's text.")] = "description",
    amount_column: Annotated[
        str | None,
        typer.Option(help="The column with signed amounts: money out is negative; else one called amount."),
    ] = None,
    mcc_column: Annotated[
        str | None, typer.Option(help="The column with merchant category codes; else one called mcc.")
    ] = None,
    country_column: Annotated[
        str | None, typer.Option(help="A column with country codes, given back beside each line.")
    ] = None,
    country: Annotated[str, typer.Option(help="Two letters, where the file's encoding is in doubt.")] = "",
    *,
    as_json: AsJson = False,
) -> None:
    """Category, group, probability, merchant and the three likeliest for each line of a table."""
    from flows.categorise import current_model
    from flows.labelling import columns_of, labelled, read_table, source_of, write_records
    from warehouse.settings import Settings

    table = read_table(source_of(file), country)
    columns = columns_of(table, text_column, amount_column, mcc_column, country_column)
    records = labelled(table, columns, current_model(Settings()))
    if as_json:
        write_records(records, sys.stdout.buffer)
        return
    from rich.table import Table

    shown = Table("Text", "Category", "Group", "Merchant", box=None, header_style="bold")
    shown.add_column("Probability", justify="right")
    shown.add_column("Sure")
    for row in records.head(_SHOWN).iter_rows(named=True):
        sure = "yes" if row["sure"] else ""
        merchant = row["merchant"] or ""
        shown.add_row(row["text"], row["category"], row["group"], merchant, f"{row['probability']:.2f}", sure)
    console.print(shown)
    if len(records) > _SHOWN:
        console.print(f"{len(records) - _SHOWN} more; --json gives them all.")
