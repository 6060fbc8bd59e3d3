"""Categories for any table of texts: read it, score each distinct line once, give one record a row."""

from __future__ import annotations

import csv
import io
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import polars as pl

from flows.sources.contents import Content, Readable
from flows.sources.delimited.encoding import detect
from models_ml.taxonomy import UNCATEGORISED, categories
from warehouse.errors import ActionableError

if TYPE_CHECKING:
    from models_ml.categorizer.model import CategoryModel

STANDARD_INPUT = "-"
ORIGIN = "model"
_DELIMITERS = ",;\t|"
_SAMPLE_LINES = 50
_NEGATIVE = r"^\s*[(\x{2212}\x{2013}-]|[-\x{2212}]\s*\p{L}{0,3}\s*$|(?i:\bdr?\b\.?\s*$)"


class TableError(ActionableError):
    """A table of texts that cannot be read as asked; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns hold what; without an amount the sign of a line is unknown."""

    text: str
    amount: str | None = None
    mcc: str | None = None
    country: str | None = None


def columns_of(
    table: pl.DataFrame, text: str, amount: str | None, mcc: str | None, country: str | None
) -> Columns:
    """The columns that were named; of those that were not, the ones called amount, mcc and country."""
    called = {_plain(column): column for column in table.columns}
    return Columns(
        text, amount or called.get("amount"), mcc or called.get("mcc"), country or called.get("country")
    )


def source_of(name: str) -> Readable:
    """The file of that name, or what standard input holds."""
    if name == STANDARD_INPUT:
        return Content("standard input", sys.stdin.buffer.read())
    path = Path(name)
    if not path.is_file():
        message = f"{name} is no file: give the path of a CSV, or - for standard input"
        raise TableError(message)
    return path


def read_table(source: Readable, country: str = "") -> pl.DataFrame:
    """All columns of a delimited table as text, whatever its encoding and delimiter."""
    encoding = detect(source, country.upper())
    with source.open("rb") as file:
        text = file.read()[encoding.mark :].decode(encoding.codec, errors="replace").lstrip("\ufeff")
    if not text.strip():
        message = f"{source.name} is empty: it needs a header line with the names of the columns"
        raise TableError(message)
    return _parsed(text, source.name)


def labelled(table: pl.DataFrame, columns: Columns, model: CategoryModel) -> pl.DataFrame:
    """One row per row of the table: what it is, how sure that is, and the three likeliest leaves."""
    from models_ml.categorizer.predict import STANDS, ranked  # noqa: PLC0415 - numpy, wanted only here

    texts = _column(table, columns.text)
    found = ranked(
        texts,
        _signs(_column(table, columns.amount)) if columns.amount else None,
        _column(table, columns.mcc) if columns.mcc else None,
        model=model,
    )
    known = categories()
    code = pl.col("category_code")
    return found.select(
        pl.int_range(1, pl.len() + 1).alias("row"),
        texts.fill_null("").alias("text"),
        code.alias("category"),
        code.replace_strict({name: leaf.group_code for name, leaf in known.items()}).alias("group"),
        code.replace_strict({name: leaf.primary_code for name, leaf in known.items()}).alias("primary"),
        pl.col("probability").round(4),
        "sure",
        pl.when(pl.col("probability") >= STANDS).then(code).otherwise(pl.lit(UNCATEGORISED)).alias("stored"),
        pl.lit(ORIGIN).alias("origin"),
        "merchant",
        pl.col("best"),
        pl.lit(model.version).alias("model_version"),
        *((_column(table, columns.country).alias("country"),) if columns.country else ()),
    )


def write_records(records: pl.DataFrame, out: BinaryIO) -> None:
    """One JSON object a line."""
    buffer = io.BytesIO()
    records.write_ndjson(buffer)
    out.write(buffer.getvalue())


def _parsed(text: str, name: str) -> pl.DataFrame:
    delimiter = _delimiter(text)
    try:
        return pl.read_csv(
            io.BytesIO(text.encode("utf-8", "replace")),
            separator=delimiter,
            infer_schema=False,
            truncate_ragged_lines=True,
            null_values=[],
        )
    except pl.exceptions.PolarsError:
        return _tolerantly(text, delimiter, name)


def _tolerantly(text: str, delimiter: str, name: str) -> pl.DataFrame:
    """Rows as Python's own reader finds them: it takes stray quotes and missing cells as they come."""
    csv.field_size_limit(max(len(text) + 1, csv.field_size_limit()))  # of all readers: never lowered
    rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if row]
    if not rows:
        message = f"{name} holds no rows: it needs a header line with the names of the columns"
        raise TableError(message)
    header = list(dict.fromkeys(rows[0]))
    width = len(header)
    padded = [[*row[:width], *[""] * (width - len(row))] for row in rows[1:]]
    return pl.DataFrame(padded, schema=dict.fromkeys(header, pl.String), orient="row")


def _delimiter(text: str) -> str:
    """The delimiter that splits the first lines the most evenly; a comma for a single column."""
    lines = text.splitlines()[:_SAMPLE_LINES]
    header = lines[0] if lines else ""

    def evenness(mark: str) -> tuple[int, int]:
        expected = header.count(mark)
        return (sum(line.count(mark) == expected for line in lines) if expected else 0, expected)

    return max(_DELIMITERS, key=evenness)


def _column(table: pl.DataFrame, name: str) -> pl.Series:
    for column in table.columns:
        if _plain(column) == _plain(name):
            return table[column]
    message = f"there is no column {name!r}: the table has {', '.join(map(repr, table.columns))}"
    raise TableError(message)


def _plain(column: str) -> str:
    return column.strip().strip('"').casefold()


def _signs(texts: pl.Series) -> pl.Series:
    """-1 and 1 by the sign of an amount; null where there is none, or where no amount has a sign."""
    frame = texts.fill_null("").to_frame("text")
    has_digits = pl.col("text").str.contains(r"[1-9]")
    negative = pl.col("text").str.contains(_NEGATIVE)
    signs = frame.select(pl.when(has_digits).then(pl.when(negative).then(-1).otherwise(1))).to_series()
    return signs if (signs == -1).any() else signs.clear(len(signs))
