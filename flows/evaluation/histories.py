"""Histories to try a forecaster on: generated banks, and real ledgers in the shapes that people publish."""

from __future__ import annotations

import gzip
import io
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from models_ml.forecaster.history import History
from models_ml.forecaster.scheduled import Series
from models_ml.taxonomy import categories
from warehouse.errors import ActionableError

#: Accounts from which people spend; what is put aside elsewhere has left them.
SPENDABLE = ("checking", "credit_card", "card", "cash", "e_money")
#: What a ledger of several accounts books twice: both ends of a move within it.
_OWN_MOVES = r"(?i)credit card payment|transfer between|internal transfer"


class UnreadableLedgerError(ActionableError, ValueError):
    """A file in which no dates and amounts are found."""


def generated(bank: Path) -> list[History]:
    """The people of a folder that 'mita generate' made."""
    truth = bank / "truth"
    events = pl.read_parquet(truth / "events.parquet").filter(pl.col("posted"))
    accounts = pl.read_parquet(truth / "accounts.parquet")
    known = categories()
    group = pl.DataFrame({"category": list(known), "group": [each.group_code for each in known.values()]})
    lines = (
        events.with_columns(pl.col("category").cast(pl.String))
        .join(group, on="category", how="left")
        .join(accounts.select("account", kind=pl.col("kind").cast(pl.String)), on="account")
        .select(
            "user",
            day="spent_date",
            amount=pl.col("amount_minor").cast(pl.Float64),
            is_spent=pl.col("group").is_in(["need", "want"]),
            is_spendable=pl.col("kind") != "savings",
            account="account",
            text="description",
            payee="counterparty",
        )
    )
    opening = (
        accounts.filter(pl.col("kind").cast(pl.String) != "savings")
        .group_by("user")
        .agg(pl.col("opening_minor").sum())
    )
    balances = dict(opening.iter_rows())
    return histories(lines, {user: float(balance) for user, balance in balances.items()})


def ledger(path: Path) -> list[History]:
    """A CSV of real transactions: Berka's, or any with a date, an amount and, for lack of signs, a type."""
    frame = _read(path)
    names = {name.lower().strip(): name for name in frame.columns}
    if {"k_symbol", "trans_id"} <= names.keys():
        return _berka(frame)
    return _plain(frame, names, path)


def histories(lines: pl.DataFrame, opening: dict[str, float] | None = None) -> list[History]:
    """Daily series of lines (user, day, amount, is_spent, is_spendable); amounts signed, negative is out.

    Where lines have a ``text`` (and a ``payee``, an ``account``) what comes again in them is looked for.
    """
    last = lines["day"].max()
    series = series_by_user(lines) if "text" in lines.columns else {}
    daily = lines.group_by("user", "day").agg(
        spent=-(pl.col("amount") * pl.col("is_spent")).sum(),
        flow=(pl.col("amount") * pl.col("is_spendable")).sum(),
    )
    found = []
    for (user,), rows in daily.sort("user", "day").group_by("user", maintain_order=True):
        first = rows["day"][0]
        place = (rows["day"] - first).dt.total_days().to_numpy()
        size = (last - first) // timedelta(days=1) + 1
        spent, flow = np.zeros(size), np.zeros(size)
        spent[place], flow[place] = rows["spent"].to_numpy(), rows["flow"].to_numpy()
        begun = None if opening is None else opening.get(str(user), 0.0) + float(flow.sum())
        mine = tuple(placed(each, first) for each in series.get(str(user), ()))
        found.append(History(str(user), first, spent, flow, begun, mine))
    return found


def series_by_user(lines: pl.DataFrame) -> dict[str, list[pl.DataFrame]]:
    """What comes again in lines, by user: the day, amount and is_spent of each time."""
    from models_ml.recurring.series import find_series  # noqa: PLC0415 - a second

    numbered = lines.with_row_index("id").with_columns(pl.col("user", "id").cast(pl.String))
    columns = {"account": "one", "payee": ""}
    missing = [pl.lit(text).alias(name) for name, text in columns.items() if name not in lines.columns]
    found = find_series(
        numbered.with_columns(missing).select(
            user_id="user",
            transaction_id="id",
            account_id=pl.col("account").cast(pl.String),
            date="day",
            amount_minor=pl.col("amount").round().cast(pl.Int64),
            currency=pl.lit("EUR"),
            description=pl.col("text").fill_null(""),
            counterparty=pl.col("payee").fill_null(""),
            category_code=pl.lit("uncategorised"),
        )
    )
    times = (
        found.occurrences.join(numbered, left_on="transaction_id", right_on="id")
        .filter("is_spendable")
        .sort("user", "series_id", "day")
    )
    series: dict[str, list[pl.DataFrame]] = {}
    for (user, _), rows in times.group_by("user", "series_id", maintain_order=True):
        series.setdefault(str(user), []).append(rows.select("day", "amount", "is_spent"))
    return series


def placed(times: pl.DataFrame, first: date) -> Series:
    """A series by the days of a history."""
    return Series(
        days=(times["day"] - first).dt.total_days().to_numpy().astype(np.int64),
        amounts=times["amount"].cast(pl.Float64).to_numpy(),
        is_spent=bool(times["is_spent"][0]),
    )


def _read(path: Path) -> pl.DataFrame:
    content = path.read_bytes()
    content = gzip.decompress(content) if path.suffix == ".gz" else content
    first = content.split(b"\n", 1)[0]
    separator = max(",;\t", key=lambda each: first.count(each.encode()))
    return pl.read_csv(
        io.BytesIO(content), separator=separator, infer_schema=False, encoding="utf8-lossy",
        truncate_ragged_lines=True,
    )  # fmt: skip


def _berka(frame: pl.DataFrame) -> list[History]:
    amount = pl.col("amount").cast(pl.Float64)
    is_out = pl.col("type").str.contains("(?i)VYDAJ|VYBER|DEBIT|WITHDRAWAL")
    lines = frame.select(
        user="account_id",
        day=_dates(frame["date"]),
        amount=pl.when(is_out).then(-amount).otherwise(amount) * 100,
        is_spent=is_out,
        is_spendable=pl.lit(value=True),
        text=pl.concat_str(["operation", "k_symbol", "bank", "account"], separator=" ", ignore_nulls=True),
    )
    return histories(lines, {})


def _plain(frame: pl.DataFrame, names: dict[str, str], path: Path) -> list[History]:
    day = next((names[name] for name in names if "date" in name), None)
    amount = next((names[name] for name in names if "amount" in name), None)
    if day is None or amount is None:
        message = f"{path.name} needs columns named date and amount, it has {', '.join(frame.columns)}"
        raise UnreadableLedgerError(message)
    value = pl.col(amount).str.replace_all(r"[^0-9.\-]", "").cast(pl.Float64, strict=False) * 100
    kind = next((names[name] for name in names if "type" in name), None)
    signed = value
    if kind is not None and not (frame.select(value)[amount] < 0).any():
        signed = (
            pl.when(pl.col(kind).str.contains("(?i)deb|out|withdraw|expense")).then(-value).otherwise(value)
        )
    told = [name for key, name in names.items() if key in {"category", "description", "label"}]
    is_move = pl.any_horizontal(
        pl.lit(value=False), *(pl.col(name).str.contains(_OWN_MOVES) for name in told)
    )
    label = next(
        (names[name] for name in names if name in {"description", "merchant", "payee", "label"}), None
    )
    user = next((names[name] for name in names if name in {"user", "user_id", "client_id"}), None)
    lines = frame.with_columns(_dates(frame[day]).alias("day")).filter(pl.col("day").is_not_null() & ~is_move)
    rows = lines.select(
        pl.lit("one").alias("user") if user is None else pl.col(user).alias("user"),
        "day",
        amount=signed,
        is_spent=signed < 0,
        is_spendable=pl.lit(value=True),
        text=pl.lit("") if label is None else pl.col(label),
    )
    return histories(rows.filter(pl.col("amount").is_not_null()), {})


def _dates(column: pl.Series) -> pl.Series:
    """Dates in whichever of the usual orders reads the most of them."""
    text = column.cast(pl.String).str.strip_chars().str.split(" ").list.first()
    formats = ("%Y-%m-%d", "%d-%m-%Y", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%Y/%m/%d", "%y%m%d", "%Y%m%d")
    tried = [text.str.to_date(each, strict=False) for each in formats]
    return min(tried, key=lambda each: each.null_count())
