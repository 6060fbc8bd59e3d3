"""One history in files of any format, cut and overlapping anyhow, is the same transactions."""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate
from pathlib import Path

import polars as pl
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from flows.evaluation.identity import keyed
from flows.generator.accounts import Account
from flows.generator.countries import banks
from flows.generator.formats import WITH_PENDING, WRITERS
from flows.generator.statements import Line, Statement
from flows.sources import read_statement
from models_ml.identity.entries import coverage_of, entries_of
from models_ml.identity.resolve import resolve
from warehouse.records import ReadingHints

FIRST = date(2026, 3, 2)
DAYS = 24
SHOPS = ("LIDL SOFIA 123", "COFFEE CORNER", "SHELL 4711", "CITY TOLL GATE 2")


@dataclass(frozen=True)
class Purchase:
    day: int
    amount: int
    shop: str
    waits: int  # days from the purchase to its booking


Window = tuple[int, int]

purchases = st.builds(
    Purchase,
    day=st.integers(0, DAYS - 5),
    amount=st.sampled_from([-250, -1250, -4990]),
    shop=st.sampled_from(SHOPS),
    waits=st.integers(0, 3),
)


def with_income(history: list[Purchase]) -> list[Purchase]:
    """The history as booked, with money coming in each day: a column of one sign says nothing."""
    income = [Purchase(day, 10_001 + day, "INTEREST", 0) for day in range(DAYS + 1)]
    return sorted([*history, *income], key=lambda one: one.day + one.waits)


@st.composite
def windows(draw: st.DrawFn) -> list[Window]:
    """Periods that leave no day out: one begins at the latest when the one before has ended."""
    found, covered = [], -1
    while covered < DAYS:
        first = draw(st.integers(max(0, covered - 8), covered + 1))
        last = draw(st.integers(max(first, covered + 1), DAYS))
        found.append((first, last))
        covered = last
    return found + draw(st.lists(st.sampled_from(found), max_size=1))


def account_of(kind: str) -> Account:
    return Account(
        slug="00001-bg-main",
        ref="BG80BNBG96611020345678",
        kind="checking",
        role="main",
        currency="EUR",
        bank=banks()[0],
        file_format=kind,
        tail="4711",
        opened_on=FIRST,
        opening_minor=100_000,
        overlap_days=0,
        midway=False,
        rewords=False,
        second_format="",
    )


def statement(history: list[Purchase], window: Window, kind: str) -> Statement:
    """What a download of a period on its last day says: what is booked, and what is pending."""
    first, last = (FIRST + timedelta(days=day) for day in window)
    balances = list(accumulate((purchase.amount for purchase in history), initial=100_000))
    lines = []
    for number, purchase in enumerate(history):
        spent = FIRST + timedelta(days=purchase.day)
        booked = spent + timedelta(days=purchase.waits)
        pending = booked > last
        if not first <= (spent if pending else booked) <= last or (pending and kind not in WITH_PENDING):
            continue
        reference = f"P{number:07}" if pending else f"20260302{number:05}"
        lines.append(
            Line(
                event=number,
                booked_date=spent if pending else booked,
                value_date=spent,
                spent_at=datetime.combine(spent, time(9), UTC),
                amount_minor=purchase.amount,
                is_pending=pending,
                text=purchase.shop,
                counterparty="",
                reference=reference,
                kind="purchase",
                channel="card",
                mcc="5411",
                balance_minor=0 if pending else balances[number + 1],
                original_currency="",
                original_minor=0,
            )
        )
    lines.sort(key=lambda line: (line.is_pending, line.booked_date, line.event))
    booked_lines = [line for line in lines if not line.is_pending]
    opening = booked_lines[0].balance_minor - booked_lines[0].amount_minor if booked_lines else 100_000
    closing = opening + sum(line.amount_minor for line in booked_lines)
    return Statement(account_of(kind), "Ana Petrova", first, last, opening, closing, lines)


def read(history: list[Purchase], files: list[tuple[Window, str]]) -> pl.DataFrame:
    """The lines of the files, written and read again."""
    frames = []
    with tempfile.TemporaryDirectory() as folder:
        for number, (window, kind) in enumerate(files):
            said = statement(history, window, kind)
            if not said.lines:
                continue
            write, extension = WRITERS[kind]
            path = Path(folder) / f"main_{number}.{extension}"
            path.write_bytes(write(said)[0])
            # A file of early days only leaves open which number is the month: its bank's country says it.
            country = kind.removeprefix("csv-").upper() if kind.startswith("csv-") else "BG"
            found = read_statement(path, ReadingHints(country, "EUR", said.account.ref))
            frames += [
                frame.drop("raw").with_columns(
                    name=pl.lit(path.name), source_format=pl.lit(found.source_format), account_id=pl.lit("A")
                )
                for frame in found.batches
            ]
    return pl.concat(frames) if frames else pl.DataFrame()


def transactions(history: list[Purchase], files: list[tuple[Window, str]]) -> Counter[tuple[date, int]]:
    """The posted transactions that the files come to: day and amount."""
    lines = read(history, files)
    if lines.is_empty():
        return Counter()
    known = keyed(lines)
    coverage = coverage_of(known)
    found = resolve(entries_of(known, coverage), coverage)
    roots = dict(found.merged.select("entry_id", "root").iter_rows())
    resolved = known.with_columns(pl.col("entry_id").replace(roots).alias("transaction"))
    posted = resolved.filter(status="posted").unique("transaction")
    return Counter(posted.select("booked_date", "amount_minor").iter_rows())


def meant(history: list[Purchase]) -> Counter[tuple[date, int]]:
    return Counter((FIRST + timedelta(days=one.day + one.waits), one.amount) for one in history)


@pytest.mark.parametrize("kind", sorted(WRITERS))
@settings(max_examples=4, deadline=None, derandomize=True)
@given(st.lists(purchases, min_size=1, max_size=10), windows(), st.randoms(use_true_random=False))
def test_one_format_cut_anyhow_gives_every_purchase_once(
    kind: str, history: list[Purchase], periods: list[Window], dice: object
) -> None:
    history = with_income(history)
    files = [(period, kind) for period in periods]
    dice.shuffle(files)  # type: ignore[attr-defined]
    event(f"{len(files)} files")
    assert transactions(history, files) == meant(history)


@settings(max_examples=12, deadline=None, derandomize=True)
@given(
    st.lists(purchases, min_size=1, max_size=8),
    windows(),
    st.lists(st.sampled_from(sorted(WRITERS)), min_size=30, max_size=30),
)
def test_any_formats_beside_each_other_give_every_purchase_once(
    history: list[Purchase], periods: list[Window], kinds: list[str]
) -> None:
    """Purchases of different amounts; equal ones under texts that formats cut differently may be asked."""
    apart = with_income(
        [replace(one, amount=one.amount - 137 * number) for number, one in enumerate(history)]
    )
    files = list(zip(periods, kinds, strict=False))
    assert transactions(apart, files) == meant(apart)
