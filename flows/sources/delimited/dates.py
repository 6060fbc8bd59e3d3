"""Dates as banks write them: their order is decided from the whole column, then they are read all at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Literal

import polars as pl

from flows.sources.delimited.vocabulary import MONTH_FIRST, fold, months

Order = Literal["DMY", "MDY", "YMD"]

#: Two-digit years from here on are of the last century.
_PIVOT = 70
_FEW_YEARS = 3
#: The day before the first of a spreadsheet's count, set so that days after February 1900 come out right.
SERIAL_ORIGIN = date(1899, 12, 30)
_SEPARATOR = r"(?:\s?[-./]\s?|\s)"
_DAY_NAME = r"^\s*[=\"']*(?:\p{L}{2,12}[.,]{0,2}\s+)??"
_PATTERNS = {
    # 2024-01-31, 2024.1.31, 2024/01/31T10:00, 2024-Jan-31
    "year first": rf"{_DAY_NAME}(\d{{4}}){_SEPARATOR}(\d{{1,2}}|\p{{L}}+\.?){_SEPARATOR}(\d{{1,2}})(?:\D|$)",
    # 31.01.2024, 1/2/24, 31-Jan-2024, 31 януари 2024 г., 5 de enero de 2024
    "year last": (
        rf"{_DAY_NAME}(\d{{1,2}})(?:st|nd|rd|th|er)?\.?(?:{_SEPARATOR}(?:de\s)?)"
        rf"(\d{{1,2}}|\p{{L}}+\.?),?(?:{_SEPARATOR}(?:de\s)?)(\d{{4}}|\d{{2}})(?:[^\d.]|\.?$|\.\s)"
    ),
    # January 31, 2024
    "month first": (
        r"^\s*[=\"']*(?:\p{L}{2,12}[.,]{1,2}\s+)??"
        r"(\p{L}{3,})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})"
    ),
    # 31JAN2024, 31Jan24
    "packed name": rf"{_DAY_NAME}(\d{{1,2}})(\p{{L}}{{3,}})(\d{{4}}|\d{{2}})(?:\D|$)",
    # 45322, 45322.75: days since the end of 1899, as spreadsheets count them (1954 to 2064)
    "serial": r"^\s*[=\"']*([2-5]\d{4})(?:[.,]\d+)?[\"']*\s*$",
    # 20240131, 31012024, 240131
    "packed": r"^\s*[=\"']*(\d{8}|\d{6})(?:\D|$)",
}
_FORMS: dict[Order, str] = {"DMY": "{d}{m}{y}", "MDY": "{m}{d}{y}", "YMD": "{y}{m}{d}"}


@dataclass(slots=True)
class DateEvidence:
    """Counts, over the distinct texts of date columns, of those that are dates when read in an order."""

    readable: dict[str, dict[Order, int]] = field(default_factory=dict)  # form -> order -> texts
    dotted: bool = False
    years: dict[Order, tuple[int, int]] = field(default_factory=dict)  # first and last, of numeric dates
    monotonic: dict[Order, bool] = field(default_factory=dict)

    def add(self, texts: pl.Series) -> pl.Series:
        """Count one block's texts, given in the file's order; gives which of them look like dates at all.

        An impossible date such as 31.02.2024 looks like one.
        """
        distinct = _parts(texts.unique(maintain_order=True))
        for form in ("numeric", "packed"):
            parts = distinct.filter(pl.col("form") == form)
            if parts.height:
                self._add_form(form, parts)
        is_shaped = distinct["form"].is_not_null()
        if is_shaped.all():
            return pl.Series([True]).new_from_index(0, texts.len())
        return texts.replace_strict(distinct["text"], is_shaped, return_dtype=pl.Boolean)

    def _add_form(self, form: str, parts: pl.DataFrame) -> None:
        counts = self.readable.setdefault(form, {"DMY": 0, "MDY": 0, "YMD": 0})
        first = form == "numeric" and not self.monotonic
        for order in counts:
            dates = _civil_dates(parts, {form: order})
            counts[order] += dates.len() - dates.null_count()
            if first:
                self.monotonic[order] = _is_monotonic(dates)
            if form == "numeric":
                self._add_years(order, dates)
        self.dotted = self.dotted or (form == "numeric" and bool(parts["text"].str.contains(r"\d\.").any()))

    def _add_years(self, order: Order, dates: pl.Series) -> None:
        years = dates.drop_nulls().dt.year()
        if years.len():
            found = years.sort().to_list()
            known = (*self.years.get(order, ()), found[0], found[-1])
            self.years[order] = min(known), max(known)

    def decide(self, country: str) -> tuple[dict[str, Order], list[str]]:
        """The order of each form, and notes on what had to be decided."""
        orders: dict[str, Order] = {}
        notes: list[str] = []
        for form, counts in self.readable.items():
            orders[form], note = self._decide(form, counts, country)
            if note:
                notes.append(note)
        return orders, notes

    def _decide(self, form: str, counts: dict[Order, int], country: str) -> tuple[Order, str]:
        most = max(counts.values())
        best = [order for order in _preference(form) if counts[order] == most]
        if form == "numeric" and len(best) > 1:
            best = self._plausible(best)
        if len(best) == 1:
            return best[0], "" if form == "packed" else f"dates read as {slashed(best[0])}"
        if form == "packed":
            return best[0], f"dates without separators read as {slashed(best[0])}, which the file leaves open"
        return self._break_tie(best, country)

    def _plausible(self, orders: list[Order]) -> list[Order]:
        """The orders without those that spread a statement over years as 24-01-31 read from its end does."""
        spans = {
            order: self.years[order][1] - self.years[order][0] for order in orders if order in self.years
        }
        near = [
            order for order in orders if spans.get(order, 0) <= min(spans.values(), default=0) + _FEW_YEARS
        ]
        return [order for order in near if order != "YMD"] or near

    def _break_tie(self, best: list[Order], country: str) -> tuple[Order, str]:
        """Where the column allows several orders: dots, the lines' order, the country, then a guess."""
        if self.dotted and "DMY" in best:
            return "DMY", f"dates read as {slashed('DMY')}, as dots are written"
        sorted_ones = [order for order in best if self.monotonic.get(order)]
        if len(sorted_ones) == 1:
            return sorted_ones[0], f"dates read as {slashed(sorted_ones[0])}, which puts the lines in order"
        by_country: Order = "MDY" if country in MONTH_FIRST else "DMY"
        if country and by_country in best:
            return (
                by_country,
                f"dates read as {slashed(by_country)}, as in {country}; the file itself leaves it open",
            )
        others = " or ".join(slashed(order) for order in best[1:])
        return best[
            0
        ], f"dates read as {slashed(best[0])}, but they could be {others}: the file leaves it open"


def read_dates(texts: pl.Series, orders: dict[str, Order]) -> pl.Series:
    """The civil date at the start of each text, null where there is none; a time of day is dropped."""
    distinct = texts.unique()
    dates = _civil_dates(_parts(distinct), orders)
    return texts.replace_strict(distinct, dates, default=None, return_dtype=pl.Date)


def slashed(order: Order) -> str:
    """An order as people write it: D/M/Y."""
    return "/".join(order)


def _preference(form: str) -> tuple[Order, ...]:
    return ("YMD", "DMY", "MDY") if form == "packed" else ("DMY", "MDY", "YMD")


def _is_monotonic(dates: pl.Series) -> bool:
    known = dates.drop_nulls()
    return known.len() > 2 and (known.is_sorted() or known.is_sorted(descending=True))  # noqa: PLR2004 - two are always sorted


def _parts(texts: pl.Series) -> pl.DataFrame:
    """The year, month and day texts of each text, by the pattern that it follows.

    Columns: text; form (null where nothing matches); a, b, c in the order written ("packed" has all in a).
    """
    frame = texts.rename("text").to_frame().with_columns(form=pl.lit(None, pl.String), a=None, b=None, c=None)
    frame = frame.with_columns(pl.col("a", "b", "c").cast(pl.String))
    for form, pattern in _PATTERNS.items():
        if not frame["form"].null_count():
            break
        frame = _matched(frame, form, pattern)
    return _with_month_numbers(frame)


def _matched(frame: pl.DataFrame, form: str, pattern: str) -> pl.DataFrame:
    """The frame with the parts of those texts that follow a pattern and are not matched yet."""
    groups = pl.col("text").str.extract_groups(pattern).struct
    names = ["a"] if form in {"packed", "serial"} else ["a", "b", "c"]
    found = frame.with_columns(
        groups.field(str(index)).alias(f"new_{name}") for index, name in enumerate(names, 1)
    )
    is_new = pl.col("form").is_null() & pl.col("new_a").is_not_null()
    return found.with_columns(
        pl.when(is_new).then(pl.lit(form)).otherwise("form").alias("form"),
        *(pl.when(is_new).then(f"new_{name}").otherwise(name).alias(name) for name in names),
    ).select("text", "form", "a", "b", "c")


def _with_month_numbers(frame: pl.DataFrame) -> pl.DataFrame:
    """Names of months as numbers; the form becomes one of year first, named, numeric, packed."""
    is_named = pl.col("b").str.contains(r"\p{L}")
    month_first = pl.col("form") == "month first"
    frame = frame.with_columns(
        pl.when(month_first).then("b").otherwise("a").alias("a"),
        pl.when(month_first).then("a").otherwise("b").alias("b"),
    )
    form = (
        pl.when(pl.col("form").is_in(["year first", "packed", "serial"]))
        .then("form")
        .when(is_named | month_first | (pl.col("form") == "packed name"))
        .then(pl.lit("named"))
        .when(pl.col("form").is_not_null())
        .then(pl.lit("numeric"))
    )
    return frame.with_columns(form.alias("form"), _month_number(frame["b"]).alias("b"))


def _month_number(names: pl.Series) -> pl.Series:
    """Names of months as two digits; numbers stay as they are, unknown names become null."""
    folded = {name: _number_of(name) for name in names.drop_nulls().unique() if not name.isdigit()}
    return names.replace_strict(list(folded), list(folded.values()), default=names, return_dtype=pl.String)


def _number_of(name: str) -> str | None:
    key = fold(name)
    number = months().get(key) or months().get(key[:3])
    return None if number is None else f"{number:02}"


def _civil_dates(parts: pl.DataFrame, orders: dict[str, Order]) -> pl.Series:
    numeric = orders.get("numeric", "DMY")
    form = pl.col("form")
    iso = (
        pl.when(form == "year first")
        .then(_iso("a", "b", "c"))
        .when(form == "named")
        .then(_iso("c", "b", "a"))
        .when(form == "numeric")
        .then(_iso(*_columns(numeric)))
        .when(form == "packed")
        .then(_packed_iso(orders.get("packed", "YMD")))
    )
    serial = pl.when(form == "serial").then(
        pl.lit(SERIAL_ORIGIN) + pl.duration(days=pl.col("a").cast(pl.Int64, strict=False))
    )
    return parts.select(pl.coalesce(iso.str.to_date("%Y-%m-%d", strict=False), serial).alias("date"))["date"]


def _columns(order: Order) -> tuple[str, str, str]:
    """The columns of year, month and day in an order."""
    place = {letter: column for letter, column in zip(order, "abc", strict=True)}  # noqa: C416
    return place["Y"], place["M"], place["D"]


def _iso(year: str, month: str, day: str) -> pl.Expr:
    return _iso_text(pl.col(year), pl.col(month), pl.col(day))


def _iso_text(year: pl.Expr, month: pl.Expr, day: pl.Expr) -> pl.Expr:
    century = pl.when(year.cast(pl.Int32, strict=False) >= _PIVOT).then(pl.lit("19")).otherwise(pl.lit("20"))
    full = pl.when(year.str.len_bytes() == 2).then(century + year).when(year.str.len_bytes() == 4).then(year)  # noqa: PLR2004 - digits of a year
    return pl.concat_str(full, month.str.zfill(2), day.str.zfill(2), separator="-")


def _packed_iso(order: Order) -> pl.Expr:
    """The ISO text of six or eight digits in an order."""
    text = pl.col("a")
    year_digits = text.str.len_bytes().cast(pl.Int64) - 4
    starts = {"DMY": (4, 2, 0), "MDY": (4, 0, 2)}
    if order == "YMD":
        return _iso_text(
            text.str.slice(0, year_digits), text.str.slice(year_digits, 2), text.str.slice(year_digits + 2, 2)
        )
    year, month, day = starts[order]
    return _iso_text(text.str.slice(year), text.str.slice(month, 2), text.str.slice(day, 2))
