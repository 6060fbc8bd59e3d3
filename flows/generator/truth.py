"""The truth about a run, as Parquet: people, accounts, events, series, and the lines of every file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from pathlib import Path

    from flows.generator.events import Event, Series
    from flows.generator.exports import TruthLine
    from flows.generator.life import Life

TEXT = pa.string()
WORD = pa.dictionary(pa.int32(), pa.string())  # few different values
DAY = pa.date32()
MONEY = pa.int64()

PEOPLE = pa.schema(
    [
        ("user", TEXT),
        ("email", TEXT),
        ("name", TEXT),
        ("country", WORD),
        ("language", WORD),
        ("currency", WORD),
        ("timezone", WORD),
        ("city", TEXT),
        ("household", WORD),
        ("adults", pa.int8()),
        ("children", pa.int8()),
        ("tenure", WORD),
        ("income_band", WORD),
        ("income_minor", MONEY),
        ("partner_income_minor", MONEY),
        ("pay_cycle", WORD),
        ("pay_day", pa.int8()),
        ("saving_rate", pa.float64()),
        ("traits", pa.list_(TEXT)),
        ("joined_on", DAY),
    ]
)
ACCOUNTS = pa.schema(
    [
        ("account", TEXT),
        ("account_ref", TEXT),
        ("user", TEXT),
        ("kind", WORD),
        ("role", WORD),
        ("currency", WORD),
        ("bank", WORD),
        ("institution", WORD),
        ("country", WORD),
        ("file_format", WORD),
        ("second_format", WORD),
        ("ids", WORD),
        ("shows_pending", pa.bool_()),
        ("overlap_days", pa.int16()),
        ("opened_on", DAY),
        ("opening_minor", MONEY),
        ("closing_minor", MONEY),
    ]
)
EVENTS = pa.schema(
    [
        ("event_id", TEXT),
        ("user", TEXT),
        ("account", TEXT),
        ("spent_date", DAY),
        ("spent_at", pa.timestamp("s", "UTC")),
        ("booked_date", DAY),
        ("amount_minor", MONEY),
        ("currency", WORD),
        ("merchant", TEXT),
        ("category", WORD),
        ("kind", WORD),
        ("channel", WORD),
        ("description", TEXT),
        ("counterparty", TEXT),
        ("mcc", WORD),
        ("series_id", TEXT),
        ("transfer_pair_id", TEXT),
        ("refund_of", TEXT),
        ("reimbursement_of", TEXT),
        ("twin_of", TEXT),
        ("is_cash", pa.bool_()),
        ("original_currency", WORD),
        ("original_amount_minor", MONEY),
        ("posted", pa.bool_()),
        ("outcome", WORD),
        ("hold", WORD),
        ("pending_amount_minor", MONEY),
        ("anomaly", WORD),
    ]
)
SERIES = pa.schema(
    [
        ("series_id", TEXT),
        ("user", TEXT),
        ("account", TEXT),
        ("merchant", TEXT),
        ("category", WORD),
        ("direction", WORD),
        ("cadence", WORD),
        ("day", pa.int8()),
        ("amount_kind", WORD),
        ("currency", WORD),
        ("price_dates", pa.list_(DAY)),
        ("price_minor", pa.list_(MONEY)),
        ("started_on", DAY),
        ("ended_on", DAY),
        ("occurrences", pa.list_(DAY)),
        ("missed", pa.list_(DAY)),
        ("doubled", pa.list_(DAY)),
        ("is_subscription", pa.bool_()),
    ]
)
LINES = pa.schema(
    [
        ("file", TEXT),
        ("line_number", pa.int64()),
        ("event_id", TEXT),
        ("user", TEXT),
        ("account", TEXT),
        ("date", DAY),
        ("amount_minor", MONEY),
        ("currency", WORD),
        ("status", WORD),
        ("kind", WORD),
        ("description", TEXT),
        ("bank_reference", TEXT),
    ]
)
SCHEMAS = {"people": PEOPLE, "accounts": ACCOUNTS, "events": EVENTS, "series": SERIES, "lines": LINES}

Tables = dict[str, pa.Table]


def table(schema: pa.Schema, rows: list[tuple[Any, ...]]) -> pa.Table:
    """Rows, in the order of the schema's columns, as a table."""
    columns = zip(*rows, strict=True) if rows else ((),) * len(schema)
    return pa.table(
        [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)], schema=schema
    )


def event_id(slug: str, number: int) -> str | None:
    """The id of a person's n-th event; none for 0."""
    return f"{slug}-e{number:05d}" if number else None


def person_row(life: Life) -> tuple[Any, ...]:
    """One row of people.parquet."""
    p = life.person
    country = p.country
    return (
        p.slug,
        p.email,
        p.name,
        country.code,
        country.language,
        p.currency,
        country.zone,
        p.city,
        p.household,
        p.adults,
        p.children,
        p.tenure,
        p.income_band,
        p.income_minor,
        p.partner_income_minor,
        p.pay_cycle,
        p.pay_day,
        round(p.saving_rate, 4),
        sorted(p.traits),
        p.joined_on,
    )


def account_rows(life: Life, events: list[Event], end: Any) -> list[tuple[Any, ...]]:  # noqa: ANN401
    """Rows of accounts.parquet; the closing balance is what is booked before the period's end."""
    closing = {a.slug: a.opening_minor for a in life.accounts}
    for event in events:
        if event.outcome == "posted" and event.booked_date < end:
            closing[event.account] += event.amount_minor
    return [
        (
            a.slug,
            a.ref,
            life.person.slug,
            a.kind,
            a.role,
            a.currency,
            a.bank.code,
            a.bank.name,
            a.bank.country,
            a.file_format,
            a.second_format,
            a.bank.ids,
            a.bank.shows_pending,
            a.overlap_days,
            a.opened_on,
            a.opening_minor,
            closing[a.slug],
        )
        for a in life.accounts
    ]


def event_row(slug: str, e: Event, end: Any) -> tuple[Any, ...]:  # noqa: ANN401
    """One row of events.parquet."""
    outcome = e.outcome if e.outcome != "posted" or e.booked_date < end else "open"
    return (
        event_id(slug, e.number),
        slug,
        e.account,
        e.spent_date,
        e.spent_at,
        e.booked_date,
        e.amount_minor,
        e.currency,
        e.merchant,
        e.category,
        e.kind,
        e.channel,
        e.text,
        e.counterparty,
        e.mcc,
        f"{slug}-s{e.series:03d}" if e.series else None,
        f"{slug}-t{e.pair:04d}" if e.pair else None,
        event_id(slug, e.refund_of),
        event_id(slug, e.reimbursement_of),
        event_id(slug, e.twin_of),
        e.category == "cash_withdrawal",
        e.original_currency or None,
        e.original_minor or None,
        outcome == "posted",
        outcome,
        e.hold or None,
        e.pending_minor if e.hold else None,
        e.anomaly or None,
    )


def series_row(slug: str, s: Series) -> tuple[Any, ...]:
    """One row of series.parquet."""
    return (
        f"{slug}-s{s.number:03d}",
        slug,
        s.account,
        s.merchant,
        s.category,
        s.direction,
        s.cadence,
        s.day,
        s.amount_kind,
        s.currency,
        s.price_dates,
        s.price_minor,
        s.start,
        s.end,
        s.occurrences,
        s.missed,
        s.doubled,
        s.is_subscription,
    )


def line_row(slug: str, line: TruthLine) -> tuple[Any, ...]:
    """One row of lines.parquet."""
    return (
        line.file,
        line.line_number,
        event_id(slug, line.event),
        slug,
        line.account,
        line.date,
        line.amount_minor,
        line.currency,
        line.status,
        line.kind,
        line.description,
        line.reference or None,
    )


class TruthWriter:
    """Appends blocks of people to the five files, in the order in which it gets them."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._writers = {
            name: pq.ParquetWriter(folder / f"{name}.parquet", schema, compression="zstd")
            for name, schema in SCHEMAS.items()
        }

    def write(self, tables: Tables) -> None:
        """One block, one row group per file."""
        for name, writer in self._writers.items():
            writer.write_table(tables[name])

    def close(self) -> None:
        """Finish all files."""
        for writer in self._writers.values():
            writer.close()
