"""Equal lines of two files share a key; equal lines of one file do not."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from models_ml.identity.content import content_digests, content_keys, repeated


def lines_of(*rows: tuple[int, str, str | None], account: str = "A") -> pl.DataFrame:
    return pl.DataFrame(
        {
            "line_number": range(1, len(rows) + 1),
            "account_ref": account,
            "currency": "EUR",
            "booked_date": date(2026, 3, 14),
            "amount_minor": [amount for amount, _, _ in rows],
            "description": [text for _, text, _ in rows],
            "bank_reference": pl.Series([ref for _, _, ref in rows], dtype=pl.String),
        }
    )


def keys_of(lines: pl.DataFrame) -> list[str]:
    digests = lines.select("line_number", "account_ref", "currency").with_columns(content_digests(lines))
    return content_keys(digests.select("line_number", "digest"), repeated(digests)).to_list()


def test_case_and_spacing_make_no_difference() -> None:
    (one,) = keys_of(lines_of((-250, "COFFEE  Corner ", None)))
    (other,) = keys_of(lines_of((-250, "coffee corner", None)))
    assert one == other


def test_the_banks_reference_stands_for_the_text() -> None:
    (one,) = keys_of(lines_of((-250, "COFFEE", "7")))
    (other,) = keys_of(lines_of((-250, "COFFEE CORNER SOFIA", "7")))
    assert one == other
    (reused,) = keys_of(lines_of((-300, "COFFEE", "7")))
    assert reused != one, "a bank that uses a reference twice names two events"


def test_a_reference_is_not_taken_for_a_text() -> None:
    assert keys_of(lines_of((-250, "x", "7"))) != keys_of(lines_of((-250, "7", None)))


def test_equal_lines_are_counted_per_account() -> None:
    one = lines_of((-250, "COFFEE", None), account="A")
    other = lines_of((-250, "COFFEE", None), account="B").with_columns(line_number=pl.lit(2, pl.Int64))
    keys = keys_of(pl.concat([one, other]))
    assert keys[0] == keys[1], "the account tells them apart, not the count"


@given(st.lists(st.tuples(st.sampled_from([-250, -300]), st.sampled_from(["COFFEE", "TEA"]), st.none())))
def test_keys_are_distinct_and_the_nth_equal_line_has_one_key_in_every_file(
    rows: list[tuple[int, str, None]],
) -> None:
    keys = keys_of(lines_of(*rows)) if rows else []
    assert len(set(keys)) == len(rows)
    assert all(UUID(key) for key in keys)
    sorted_keys = keys_of(lines_of(*sorted(rows))) if rows else []
    assert sorted(keys) == sorted(sorted_keys), "the order of the lines does not matter"
