"""Balances against lines: what explains them is no gap, whatever is missing is one, at its own line."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import accumulate, pairwise

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.sources.balances import RunningCheck
from tests.flows.sources.conftest import Read
from warehouse.records import STATEMENT_LINE_SCHEMA

nonzero = st.integers(-(10**9), 10**9).filter(bool)
MT940 = (
    ":20:A\n:25:1\n:28C:7/1\n:60F:C240101EUR100,00\n:61:240102D10,00NTRFNONREF\n:86:a\n"
    ":61:240103C5,00NTRFNONREF\n:86:b\n:62F:C240103EUR{},00\n-\n"
)


def statement(amounts: list[int], opening: int, per_day: int) -> pl.DataFrame:
    """Lines with their running balance, oldest first, some of them on each day."""
    rows = len(amounts)
    return pl.DataFrame(
        {
            "account_ref": ["1"] * rows,
            "line_number": range(2, rows + 2),
            "booked_date": [date(2024, 1, 1) + timedelta(days=place // per_day) for place in range(rows)],
            "value_date": [None] * rows,
            "amount_minor": amounts,
            "currency": ["EUR"] * rows,
            "status": ["posted"] * rows,
            "description": [""] * rows,
            "balance_minor": list(accumulate(amounts, initial=opening))[1:],
        },
    ).match_to_schema(
        {name: dtype for name, dtype in STATEMENT_LINE_SCHEMA.items() if name in _COLUMNS},
        integer_cast="upcast",
    )  # fmt: skip


_COLUMNS = {
    "account_ref", "line_number", "booked_date", "value_date", "amount_minor", "currency", "status",
    "description", "balance_minor",
}  # fmt: skip


def notes(lines: pl.DataFrame, cuts: list[int], *, newest_first: bool) -> tuple[str, ...]:
    """What the check says when the lines come in frames cut anywhere."""
    if newest_first:
        lines = lines.reverse().with_columns(line_number=pl.int_range(2, lines.height + 2, dtype=pl.Int64))
    check = RunningCheck(is_ascending=not newest_first)
    edges = [0, *sorted({cut % (lines.height + 1) for cut in cuts}), lines.height]
    frames = [lines.slice(start, end - start) for start, end in pairwise(edges)]
    assert sum(frame.height for frame in check.watch(iter(frames))) == lines.height
    return check.notes()


amounts_of = st.lists(nonzero, min_size=6, max_size=30)
cuts_of = st.lists(st.integers(0, 40), max_size=4)


@settings(deadline=None, max_examples=60)
@given(amounts_of, st.integers(-(10**9), 10**9), st.integers(1, 4), cuts_of, st.booleans())
def test_a_whole_statement_has_no_gap(
    amounts: list[int],
    opening: int,
    per_day: int,
    cuts: list[int],
    newest_first: bool,  # noqa: FBT001
) -> None:
    assert notes(statement(amounts, opening, per_day), cuts, newest_first=newest_first) == ()


@settings(deadline=None, max_examples=60)
@given(amounts_of, st.integers(1, 3), cuts_of, st.booleans(), st.data())
def test_a_missing_line_is_found_at_its_place(
    amounts: list[int],
    per_day: int,
    cuts: list[int],
    newest_first: bool,  # noqa: FBT001
    data: st.DataObject,
) -> None:
    gone = data.draw(st.integers(1, len(amounts) - 2))
    lines = statement(amounts, 0, per_day)
    left = pl.concat([lines.head(gone), lines.tail(lines.height - gone - 1)])
    left = left.with_columns(line_number=pl.int_range(2, left.height + 2, dtype=pl.Int64))
    (note,) = notes(left, cuts, newest_first=newest_first)
    place = left.height - gone if newest_first else gone
    assert f"from line {place + 2} on" in note
    sign = "-" if amounts[gone] < 0 else ""
    major, minor = divmod(abs(amounts[gone]), 100)
    assert note.endswith(f"difference {sign}{major:,}.{minor:02} EUR")


@settings(deadline=None, max_examples=40)
@given(st.lists(nonzero, min_size=10, max_size=10), st.permutations(range(2, 6)))
def test_lines_of_one_day_may_stand_in_any_order(amounts: list[int], order: list[int]) -> None:
    lines = statement(amounts, 0, 10)
    shuffled = lines[[0, 1, *order, *range(6, 10)]]
    shuffled = shuffled.with_columns(line_number=pl.int_range(2, 12, dtype=pl.Int64))
    assert notes(shuffled, [], newest_first=False) == ()


def test_a_statement_whose_lines_explain_its_balance_has_no_gap(read: Read) -> None:
    assert read(MT940.format(95), name="a.sta")[0].later_notes() == ()


def test_a_statement_that_lacks_a_line_is_told_with_the_difference(read: Read) -> None:
    assert read(MT940.format(97), name="a.sta")[0].later_notes() == (
        (
            "statement 7/1 of 1: the lines do not explain the balance: expected 95.00 EUR, stated 97.00 EUR,"
            " difference 2.00 EUR"
        ),
    )


def test_a_table_that_lacks_a_line_is_told_where(read: Read) -> None:
    rows = [f"2024-01-{day:02},a,-1.00,{100 - day}.00" for day in range(1, 20)]
    del rows[7]
    statement, _ = read("\n".join(["Date,Description,Amount,Balance", *rows]), currency="EUR")
    assert statement.later_notes() == (
        (
            "running balance: the lines do not explain the balance from line 9 on: expected 82.00 EUR,"
            " stated 81.00 EUR, difference -1.00 EUR"
        ),
    )
