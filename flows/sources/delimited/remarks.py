"""Records inside a table that are no transactions: balances brought forward, subtotals, the header again."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from flows.sources.delimited.layout import Layout
from flows.sources.delimited.reading import amount_columns
from flows.sources.delimited.vocabulary import Role, fold, total_words


def without_remarks(records: pl.DataFrame, layout: Layout) -> pl.DataFrame:
    """The records without those that are surely none, in their order.

    A balance or a total has no amount, or no date and an amount on both sides; a header repeats the names.
    """
    is_odd = _without_amount(layout) | _with_both_sides(layout)
    odd = records.filter(is_odd).select("line_number", *_texts(layout))
    totals = [row[0] for row in odd.iter_rows() if says_total(row[1:])]
    is_header = _repeats_header(layout)
    if not totals and not records.select(is_header.any()).item():
        return records
    return records.filter(~is_header & ~pl.col("line_number").is_in(totals))


def says_total(fields: Sequence[str]) -> bool:
    """Whether the first words of a record are those of a total or a balance."""
    filled = (fold(text) for text in fields)
    said = next((text for text in filled if any(map(str.isalpha, text))), "")
    return any(said == phrase or said.startswith(f"{phrase} ") for phrase in total_words())


def _texts(layout: Layout) -> list[str]:
    """The columns in which words may stand: a name of a month is none of them."""
    dates = {column for role in (Role.BOOKED, Role.VALUE) for column in layout.roles.get(role, ())}
    return [f"f{index}" for index in range(len(layout.columns)) if index not in dates]


def _is_blank(column: int) -> pl.Expr:
    return pl.col(f"f{column}").str.strip_chars() == ""


def _without_amount(layout: Layout) -> pl.Expr:
    return pl.all_horizontal(_is_blank(column) for column in amount_columns(layout))


def _with_both_sides(layout: Layout) -> pl.Expr:
    dates = [column for role in (Role.BOOKED, Role.VALUE) for column in layout.roles.get(role, ())[:1]]
    amounts = amount_columns(layout)
    is_pair = Role.DEBIT in layout.roles and layout.column(Role.DEBIT) in amounts
    is_filled = pl.all_horizontal(~_is_blank(column) for column in amounts)
    return pl.lit(is_pair) & is_filled & pl.all_horizontal(_is_blank(column) for column in dates)


def _repeats_header(layout: Layout) -> pl.Expr:
    """Whether a record has the names of the columns for its date and its amount."""
    if not layout.header_line:
        return pl.lit(value=False)
    columns = [layout.column(Role.BOOKED) or 0, *amount_columns(layout)]
    return pl.all_horizontal(
        pl.col(f"f{column}").str.strip_chars() == layout.columns[column] for column in columns
    )
