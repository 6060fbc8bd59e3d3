"""The European Central Bank's history of reference rates, as it publishes it and as packages ship it."""

from __future__ import annotations

import io
import re
import zipfile

import polars as pl

from warehouse.errors import ActionableError

#: What a file of rates holds: units of a currency for one euro, as the digits that were published.
RATE_COLUMNS = ("currency", "rate_date", "units_per_euro")
#: 27 years take 1.5 MB; a file that unpacks to much more is not one of rates.
LARGEST_BYTES = 64 << 20
_NUMBER = r"^\d{1,12}(?:\.\d{1,12})?$"
_ABSENT = ("", "N/A", "-")
_CURRENCY = re.compile(r"[A-Z]{3}")


class RatesRefusedError(ActionableError, ValueError):
    """What was given is no table of reference rates; the message says why."""


def reference_rates(content: bytes, name: str = "the file") -> pl.DataFrame:
    """Rates (RATE_COLUMNS, the rate as text) from ``eurofxref-hist`` as CSV or zipped CSV.

    The first column is the day, the others are named by currency; N/A stands where none was published. Raises
    RatesRefusedError for anything else, a day that is none, or a rate that is no positive number.
    """
    table = _table(_unpacked(content, name), name)
    long = (
        table.unpivot(index="Date", variable_name="currency", value_name="units_per_euro")
        .with_columns(pl.col("units_per_euro").str.strip_chars())
        .filter(~pl.col("units_per_euro").is_in(_ABSENT) & pl.col("units_per_euro").is_not_null())
    )
    _check_numbers(long, name)
    rates = long.select("currency", _days(long, name).alias("rate_date"), "units_per_euro")
    if rates.select("currency", "rate_date").is_duplicated().any():
        message = f"{name} gives a currency two rates for one day"
        raise RatesRefusedError(message)
    if rates.is_empty():
        message = f"{name} holds no rates"
        raise RatesRefusedError(message)
    return rates.sort("currency", "rate_date")


def _unpacked(content: bytes, name: str) -> bytes:
    if not content.startswith(b"PK"):
        return content
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            tables = [each for each in archive.infolist() if each.filename.lower().endswith(".csv")]
            if len(tables) != 1 or tables[0].file_size > LARGEST_BYTES:
                message = f"{name} should hold one CSV file of at most {LARGEST_BYTES >> 20} MB"
                raise RatesRefusedError(message)
            return archive.read(tables[0])
    except zipfile.BadZipFile:
        message = f"{name} is a damaged zip archive: get it again"
        raise RatesRefusedError(message) from None


def _table(content: bytes, name: str) -> pl.DataFrame:
    try:
        table = pl.read_csv(io.BytesIO(content), infer_schema=False, truncate_ragged_lines=True)
    except (pl.exceptions.PolarsError, UnicodeDecodeError):
        table = pl.DataFrame()
    columns = {column: column.strip() for column in table.columns if column.strip()}
    known = [column for column in columns if _CURRENCY.fullmatch(columns[column])]
    if not table.width or next(iter(columns.values()), "") != "Date" or not known:
        message = (
            f"{name} is not a table of reference rates: its header should be Date,USD,JPY,... as in "
            "the ECB's eurofxref-hist.csv"
        )
        raise RatesRefusedError(message)
    return (
        table.select(table.columns[0], *known)
        .rename(columns, strict=False)
        .filter(pl.col("Date").str.strip_chars().str.len_chars() > 0)
    )


def _check_numbers(long: pl.DataFrame, name: str) -> None:
    value = pl.col("units_per_euro")
    wrong = long.filter(~value.str.contains(_NUMBER) | value.str.contains(r"^[0.]+$"))
    if not wrong.is_empty():
        first = wrong.row(0, named=True)
        message = (
            f"{name}: {first['units_per_euro']!r} is no rate, for {first['currency']} on {first['Date']}"
        )
        raise RatesRefusedError(message)


def _days(long: pl.DataFrame, name: str) -> pl.Series:
    days = long["Date"].str.strip_chars().str.to_date("%Y-%m-%d", strict=False)
    if days.null_count():
        wrong = long.filter(days.is_null())["Date"][0]
        message = f"{name}: {wrong!r} is no day; days are written 2026-10-30"
        raise RatesRefusedError(message)
    return days
