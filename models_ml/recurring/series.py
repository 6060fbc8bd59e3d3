"""From chosen fits to series as people know them: when and how much next, what rose, what stayed away."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import numpy as np
import polars as pl

from models_ml.recurring.amounts import Outlook, outlook
from models_ml.recurring.cadences import BY_NAME
from models_ml.recurring.candidates import PAYEE, keyed_lines
from models_ml.recurring.days import Ints
from models_ml.recurring.find import Judged, chosen, judge
from models_ml.recurring.schedule import Schedule
from models_ml.recurring.score import Scorer
from models_ml.taxonomy import UNCATEGORISED, categories

#: One row per series. Amounts are signed minor units; low and high hold eight of ten.
SERIES_SCHEMA = pl.Schema(
    {
        "user_id": pl.String(),
        "series_id": pl.String(),
        "account_id": pl.String(),
        "payee": pl.String(),  # the word by which its payee is grouped
        "name": pl.String(),  # as the bank wrote it last
        "category_code": pl.String(),
        "direction": pl.String(),  # in, out
        "cadence": pl.String(),
        "anchor": pl.Int64(),  # day of the month (32: last working day), or of the period since 1970
        "period_days": pl.Float64(),
        "currency": pl.String(),
        "is_fixed": pl.Boolean(),
        "expected_minor": pl.Int64(),
        "low_minor": pl.Int64(),
        "high_minor": pl.Int64(),
        "yearly_minor": pl.Int64(),
        "price_before_minor": pl.Int64(),  # null: the price never changed
        "price_changed_on": pl.Date(),
        "first_date": pl.Date(),
        "last_date": pl.Date(),
        "next_date": pl.Date(),
        "due_dates": pl.List(pl.Date()),  # the next ones, about 13 months ahead; empty once ended
        "spread_days": pl.Int64(),  # most come within so many days of their date
        "times": pl.Int64(),
        "missed": pl.Int64(),
        "doubled": pl.Int64(),
        "status": pl.String(),  # active, late, ended
        "is_subscription": pl.Boolean(),
        "is_income": pl.Boolean(),
        "probability": pl.Float64(),
    }
)
OCCURRENCE_SCHEMA = pl.Schema({"user_id": pl.String, "series_id": pl.String, "transaction_id": pl.String})
_AHEAD_DAYS = 400
_MOST_AHEAD = 60
#: Lines of whole payees looked at together, so that memory does not grow with a history.
_LINES_AT_ONCE = 100_000
#: When each account was last heard of, by user and account.
_SeenUntil = dict[tuple[str, str], date]


@dataclass(frozen=True)
class FoundSeries:
    """The series of some people, the lines that each is made of, and who every line paid."""

    series: pl.DataFrame  # SERIES_SCHEMA
    occurrences: pl.DataFrame  # OCCURRENCE_SCHEMA
    payees: pl.DataFrame  # user_id, transaction_id, currency, is_in, payee


def find_series(lines: pl.DataFrame, scorer: Scorer | None = None) -> FoundSeries:
    """Everything regular in the histories of LINE_SCHEMA; every payee of a person is looked at alone."""
    keyed = keyed_lines(lines)
    seen_until = _seen_until(lines)
    found = [_found(block, seen_until, scorer) for block in _blocks(keyed)]
    return FoundSeries(
        pl.concat([SERIES_SCHEMA.to_frame(), *(series for series, _ in found)]),
        pl.concat([OCCURRENCE_SCHEMA.to_frame(), *(occurrences for _, occurrences in found)]),
        keyed.select("user_id", "transaction_id", "currency", "is_in", "payee"),
    )


def _seen_until(lines: pl.DataFrame) -> _SeenUntil:
    last = lines.group_by("user_id", "account_id").agg(pl.col("date").max())
    return {(user, account): day for user, account, day in last.iter_rows()}


def _blocks(keyed: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Whole payees, so many at a time that a block stays small; rows count from 0 in each."""
    sizes = keyed.group_by(PAYEE).len().sort(PAYEE)
    block = ((sizes["len"].cum_sum() - 1) // _LINES_AT_ONCE).alias("block")
    of_payee = sizes.select(*PAYEE, block)
    for number in block.unique().sort():
        payees = of_payee.filter(pl.col("block") == number)
        rows = keyed.join(payees, on=PAYEE, how="semi").sort("row")
        yield rows.with_columns(row=pl.int_range(pl.len(), dtype=pl.UInt32))


def _found(
    keyed: pl.DataFrame, seen_until: _SeenUntil, scorer: Scorer | None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The series of some payees (SERIES_SCHEMA) and their lines (OCCURRENCE_SCHEMA)."""
    judged = judge(keyed)
    if judged is None:
        return SERIES_SCHEMA.to_frame(), OCCURRENCE_SCHEMA.to_frame()
    fits = chosen(judged, scorer).sort("candidate")
    members = _members(judged, fits)
    grouped = members.group_by("candidate", maintain_order=True).agg(pl.exclude("candidate"))
    rows = [
        _series(fit, lines, seen_until)
        for fit, lines in zip(fits.iter_rows(named=True), grouped.iter_rows(named=True), strict=True)
    ]
    series = pl.DataFrame(rows, schema=SERIES_SCHEMA, orient="row")
    of_candidate = fits.select("candidate").with_columns(series["series_id"])
    hits = members.filter("is_hit").join(of_candidate, on="candidate", how="inner")
    return series, hits.select(OCCURRENCE_SCHEMA.names())


def _members(judged: Judged, fits: pl.DataFrame) -> pl.DataFrame:
    """The lines of each chosen candidate in order of days."""
    return (
        judged.members.join(fits.select("candidate"), on="candidate", how="semi")
        .join(judged.keyed, on="row", how="left")
        .sort("candidate", "date", "row")
    )


def _series(fit: dict[str, Any], members: dict[str, list[Any]], seen_until: _SeenUntil) -> dict[str, Any]:
    hits = [number for number, is_hit in enumerate(members["is_hit"]) if is_hit]
    days = [members["date"][number] for number in hits]
    amounts = [members["amount_minor"][number] for number in hits]
    last = hits[-1]
    user, account = members["user_id"][last], members["account_id"][last]
    ordinals: Ints = np.array([day.toordinal() - _EPOCH for day in days], dtype=np.int64)
    schedule = Schedule.of(BY_NAME[fit["cadence"]], fit["anchor"], fit["phase"], fit["period"], ordinals)
    until = seen_until[user, account].toordinal() - _EPOCH
    status = schedule.status(until)
    due = [] if status == "ended" else schedule.dates(until, _AHEAD_DAYS)[:_MOST_AHEAD]
    money = outlook(amounts, days, fit["cadence"], due[0] if due else None)
    category = _usual([members["category_code"][number] for number in hits])
    group = categories()[category].group_code if category in categories() else "want"
    return {
        "user_id": user,
        "series_id": series_id(user, members["transaction_id"][hits[0]]),
        "account_id": account,
        "payee": members["payee"][last],
        "name": members["counterparty"][last] or members["description"][last],
        "category_code": category,
        "direction": "in" if amounts[-1] > 0 else "out",
        "cadence": fit["cadence"],
        "anchor": fit["anchor"],
        "period_days": fit["period"],
        "currency": members["currency"][last],
        **_money(money, fit["period"]),
        "first_date": days[0],
        "last_date": days[-1],
        "next_date": due[0] if due else None,
        "due_dates": due,
        "spread_days": schedule.spread,
        "times": len(hits),
        "missed": schedule.missed(until) if status != "ended" else fit["span"] - fit["hits"],
        "doubled": _doubled(members, hits),
        "status": status,
        "is_subscription": _is_subscription(amounts[-1], money, fit["cadence"], category, group),
        "is_income": amounts[-1] > 0 and group == "income",
        "probability": float(fit["probability"]),
    }


def _is_subscription(amount: int, money: Outlook, cadence: str, category: str, group: str) -> bool:
    """Money out of fixed amount, by the calendar, for something wanted."""
    is_wanted = group == "want" and category != UNCATEGORISED
    return amount < 0 and money.is_fixed and cadence != "irregular" and is_wanted


def _money(money: Outlook, period: float) -> dict[str, Any]:
    return {
        "is_fixed": money.is_fixed,
        "expected_minor": money.expected,
        "low_minor": money.low,
        "high_minor": money.high,
        "yearly_minor": round(money.expected * 365.25 / period),
        "price_before_minor": money.price_before,
        "price_changed_on": money.changed_on,
    }


_EPOCH = date(1970, 1, 1).toordinal()


def series_id(user_id: str, transaction_id: str) -> str:
    """A series is known by its first line, whose id follows from what the bank wrote."""
    return str(UUID(hashlib.md5(f"{user_id}{transaction_id}".encode(), usedforsecurity=False).hexdigest()))


def _usual(codes: list[str]) -> str:
    """The commonest known category; uncategorised only where there is no other."""
    known = Counter(code for code in codes if code != UNCATEGORISED)
    return known.most_common(1)[0][0] if known else UNCATEGORISED


def _doubled(members: dict[str, list[Any]], hits: list[int]) -> int:
    """Lines beside a hit for the same amount within days: the bill came twice."""
    paid = {(members["amount_minor"][number]): members["date"][number] for number in hits}
    days = [(members["amount_minor"][number], members["date"][number]) for number in hits]
    extra = [number for number in range(len(members["row"])) if number not in set(hits)]
    return sum(
        any(
            amount == members["amount_minor"][number]
            and abs(day - members["date"][number]) <= timedelta(days=_TWICE_DAYS)
            for amount, day in days
        )
        for number in extra
        if members["amount_minor"][number] in paid
    )


_TWICE_DAYS = 4
