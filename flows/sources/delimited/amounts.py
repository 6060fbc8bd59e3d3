"""Amounts as banks write them, to exact minor units; the decimal sign is decided from the whole column."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Literal

import polars as pl

from flows.sources.delimited.vocabulary import DECIMAL_POINT, currency_of, direction_words, fold

Decimal = Literal[".", ","]

#: Spaces and apostrophes group thousands wherever they stand between digits.
_BLANKS = "\\s'’`´\u00a0\u2007\u2009\u202f"
_BLANK = f"[{_BLANKS}]"
_DASHES = str.maketrans({"−": "-", "–": "-", "—": "-", "‑": "-", "﹣": "-", "－": "-"})
_MINUS = "[−–—‑﹣－]"
_CLEAR = 10_000
#: Int64 holds eighteen digits of any value, and the zero put before them does no harm.
_MOST_DIGITS = 19


@dataclass(slots=True)
class AmountEvidence:
    """How often the amounts of a file can be read in one way only."""

    point: int = 0  # "12.50", "1,234.56", "1,234,567"
    comma: int = 0
    open_point: int = 0  # "1.234": a thousand, or one and a fraction
    open_comma: int = 0

    def add(self, texts: pl.Series) -> None:
        """Count one block's texts of one column.

        Thousands of clear cells settle it; a later one that is written otherwise becomes a problem of its
        line.
        """
        if self.point + self.comma > _CLEAR:
            return
        text = pl.col("text").str.replace_all(r"[^\d.,]", "")
        found = texts.rename("text").to_frame().select(text).filter(pl.col("text").str.contains("[.,]"))
        counts = found.select(
            point=_proves(pl.col("text"), ".", ",").sum(),
            comma=_proves(pl.col("text"), ",", ".").sum(),
            open_point=pl.col("text").str.contains(r"^[1-9]\d{0,2}\.\d{3}$").sum(),
            open_comma=pl.col("text").str.contains(r"^[1-9]\d{0,2},\d{3}$").sum(),
        ).row(0, named=True)
        for name, count in counts.items():
            setattr(self, name, getattr(self, name) + count)

    def decide(self, decimals: int, country: str) -> tuple[Decimal, str]:
        """The decimal sign, given the decimals of the file's currency, and a note where it was a guess."""
        if self.point != self.comma:
            winner: Decimal = "." if self.point > self.comma else ","
            odd = min(self.point, self.comma)
            return (
                winner,
                f"decimal sign read as {winner!r}; {odd} amounts are written otherwise" if odd else "",
            )
        if not self.open_point and not self.open_comma:
            return ("." if country in DECIMAL_POINT else ",") if self.point else ".", ""
        written: Decimal = "." if self.open_point >= self.open_comma else ","
        other: Decimal = "," if written == "." else "."
        if decimals == 3:  # noqa: PLR2004 - KWD, BHD, TND: banks always print all three
            return written, f"amounts such as 1{written}234 read with three decimals"
        return (
            other,
            f"amounts such as 1{written}234 read as thousands, as the currency has {decimals} decimals",
        )


def _proves(text: pl.Expr, decimal: str, other: str) -> pl.Expr:
    """Whether a text can only be read with this decimal sign."""
    d, t = re.escape(decimal), re.escape(other)
    both = text.str.contains(rf"{t}\d*{d}\d*$") & (text.str.count_matches(d) == 1)
    alone = ~text.str.contains(other, literal=True) & (text.str.count_matches(d) == 1)
    fraction = alone & ~text.str.contains(rf"^[1-9]\d{{0,2}}{d}\d{{3}}$")
    grouped = ~text.str.contains(decimal, literal=True) & (text.str.count_matches(t) > 1)
    return both | fraction | grouped


class Amounts:
    """The cells of one column as amounts; each answer is a Series with one value per cell."""

    def __init__(self, texts: pl.Series, decimal: Decimal) -> None:
        self.decimal = decimal
        self.texts = texts.rename("text").to_frame().select(_tidy(pl.col("text")))["text"]
        self.is_plain = self.texts.str.contains(rf"^-?\d+(?:{re.escape(decimal)}\d+)?$")
        self.all_plain = bool(self.is_plain.all())

    @cached_property
    def parts(self) -> pl.DataFrame:
        """The parts of each text.

        digits: whole part, "" for none; fraction: digits behind the decimal sign without trailing zeros;
        sign: -1, 1, or 0 where none is written; unit: the currency written beside it, "" for none; is_empty;
        is_readable.
        """
        if self.all_plain:
            return _plain_parts(self.texts, self.decimal)
        frame = pl.DataFrame({"text": self.texts, "is_plain": self.is_plain})
        special = _parts(frame.filter(~pl.col("is_plain")).unique("text"), self.decimal)
        plain = _plain_parts(
            frame.select(pl.when("is_plain").then("text").alias("text"))["text"], self.decimal
        )
        joined = frame.join(special, on="text", how="left", maintain_order="left")
        return joined.select(
            pl.when("is_plain").then(plain[name]).otherwise(pl.col(name)).alias(name)
            for name in plain.columns
        )

    @cached_property
    def sign(self) -> pl.Series:
        """-1 or 1 as written, 0 where no sign is written."""
        if not self.all_plain:
            return self.parts["sign"]
        return self.texts.to_frame().select(_plain_sign(pl.col("text")).alias("sign"))["sign"]

    @cached_property
    def is_empty(self) -> pl.Series:
        """Whether the cell is blank."""
        return self.texts == ""

    @cached_property
    def unit(self) -> pl.Series:
        """The currency written beside the amount, "" for none."""
        return constant("", self.texts.len()) if self.all_plain else self.parts["unit"].fill_null("")

    def minor_units(self, exponents: pl.Series) -> pl.DataFrame:
        """Absolute minor units by each row's number of decimals, and why there are none.

        Columns: minor (null unless state is ""), state.
        """
        quick = self._uniform_minor(exponents)
        return _minor_units(self.parts, exponents) if quick is None else quick

    def _uniform_minor(self, exponents: pl.Series) -> pl.DataFrame | None:
        """The same for the usual column, all of whose cells have just the currency's decimals."""
        decimals = exponents.unique()
        if not self.all_plain or decimals.len() != 1:
            return None
        places = int(decimals.item())
        digits = _MOST_DIGITS - 1 - places
        fraction = rf"{re.escape(self.decimal)}\d{{{places}}}" if places else ""
        if not self.texts.str.contains(rf"^-?\d{{1,{digits}}}{fraction}$").all():
            return None
        text = pl.col("text").str.strip_prefix("-").str.replace(self.decimal, "", literal=True)
        return self.texts.to_frame().select(state=pl.lit(""), minor=text.cast(pl.Int64))


def constant(value: str, height: int) -> pl.Series:
    """A text repeated."""
    return pl.Series([value]).new_from_index(0, height)


def _minor_units(parts: pl.DataFrame, exponents: pl.Series) -> pl.DataFrame:
    rows = parts.select("digits", "fraction", "is_readable", exponent=exponents)
    too_fine = pl.col("fraction").str.len_bytes() > pl.col("exponent")
    padded = pl.lit(None, pl.String)
    for decimals in exponents.drop_nulls().unique():
        text = pl.lit("0") + pl.col("digits") + pl.col("fraction").str.pad_end(decimals, "0")
        padded = pl.when(pl.col("exponent") == decimals).then(text).otherwise(padded)
    fits = padded.str.len_bytes() <= _MOST_DIGITS
    state = (
        pl.when(~pl.col("is_readable"))
        .then(pl.lit("unreadable"))
        .when(too_fine)
        .then(pl.lit("decimals"))
        .when(~fits)
        .then(pl.lit("size"))
        .otherwise(pl.lit(""))
    )
    return rows.select(
        state=state, minor=pl.when(state == "").then(padded.cast(pl.Int64, strict=False)).otherwise(None)
    )


def _tidy(text: pl.Expr) -> pl.Expr:
    """Without outer blanks and spreadsheet quoting, with one kind of minus."""
    return text.str.strip_chars(" \t\u00a0\u202f\"='").str.replace_all(_MINUS, "-")


def _plain_parts(texts: pl.Series, decimal: Decimal) -> pl.DataFrame:
    """The parts of texts that are digits, a sign before and a fraction behind at most."""
    halves = pl.col("text").str.strip_prefix("-").str.split_exact(decimal, 1).struct
    return texts.to_frame().select(
        digits=halves.field("field_0").str.strip_chars_start("0"),
        fraction=halves.field("field_1").fill_null("").str.strip_chars_end("0"),
        sign=_plain_sign(pl.col("text")),
        unit=pl.lit(""),
        is_readable=pl.lit(value=True),
    )


def _plain_sign(text: pl.Expr) -> pl.Expr:
    return pl.when(text.str.starts_with("-")).then(-1).otherwise(0).cast(pl.Int8)


def _parts(frame: pl.DataFrame, decimal: Decimal) -> pl.DataFrame:
    """The parts of any texts, by what stands before, between and after the digits."""
    groups = pl.col("text").str.extract_groups(_pattern(decimal)).struct
    frame = frame.select(
        "text",
        lead=groups.field("lead"),
        whole=groups.field("whole").fill_null(""),
        fraction=groups.field("fraction").fill_null(""),
        trail=groups.field("trail"),
    )
    frame = frame.with_columns(_affixes(frame))
    digits = pl.col("whole").str.replace_all(r"\D", "")
    return frame.select(
        "text",
        digits=digits.str.strip_chars_start("0"),
        fraction=pl.col("fraction").str.strip_chars_end("0"),
        sign=pl.col("sign").cast(pl.Int8),
        unit="unit",
        is_readable=pl.col("is_known") & (digits + pl.col("fraction") != ""),
    )


def _pattern(decimal: Decimal) -> str:
    d = re.escape(decimal)
    t = r"\." if decimal == "," else ","
    indian = r"|\d{1,2}(?:,\d{2})+,\d{3}" if decimal == "." else ""
    whole = rf"\d{{1,3}}(?:[{t}{_BLANKS}]\d{{3}})+{indian}|\d+"
    # "100,-" and "100.--" are whole amounts
    return rf"^(?P<lead>[^\d]*?)(?P<whole>{whole})?(?:{d}(?:(?P<fraction>\d+)|-{{1,2}})?)?(?P<trail>[^\d]*)$"


def _affixes(frame: pl.DataFrame) -> list[pl.Series]:
    """The sign, the currency and whether all is known of what stands around each amount."""
    pairs = frame.select(pl.concat_str(pl.col("lead"), pl.lit("\n"), pl.col("trail")).alias("pair"))["pair"]
    known = {pair: affix(*pair.split("\n", 1)) for pair in pairs.drop_nulls().unique()}
    signs = {pair: sign for pair, (sign, _, _) in known.items()}
    units = {pair: unit for pair, (_, unit, _) in known.items()}
    knows = {pair: is_known for pair, (_, _, is_known) in known.items()}
    return [
        pairs.replace_strict(signs, default=0, return_dtype=pl.Int8).alias("sign"),
        pairs.replace_strict(units, default="", return_dtype=pl.String).alias("unit"),
        pairs.replace_strict(knows, default=False, return_dtype=pl.Boolean).alias("is_known"),
    ]


@cache
def affix(lead: str, trail: str) -> tuple[int, str, bool]:
    """The sign (0 for none), the currency and whether everything around the digits is understood.

    Signs are +, -, parentheses around the amount, and a word or letter for debit or credit.
    """
    marks: list[int] = []
    lead, trail = lead.translate(_DASHES), trail.translate(_DASHES)
    if "(" in lead and ")" in trail:
        lead, trail = lead.replace("(", "", 1), trail.replace(")", "", 1)
        marks.append(-1)
    for mark in "+-":
        marks += [1 if mark == "+" else -1] * (lead + trail).count(mark)
        lead, trail = lead.replace(mark, " "), trail.replace(mark, " ")
    units: list[str] = []
    for token in (lead.strip(" *"), *trail.split()):
        meaning = _token(token.strip(_BLANKS.replace("\\s", " ")))
        if meaning is None:
            return 0, "", False
        marks += [meaning] if isinstance(meaning, int) else []
        units += [meaning] if isinstance(meaning, str) else []
    is_known = len(marks) <= 1 and len(set(filter(None, units))) <= 1
    return (marks[0] if marks else 0), next(filter(None, units), ""), is_known


def _token(token: str) -> str | int | None:
    """A currency code ("" for none or a shared sign), a direction, or None for anything else."""
    if not token:
        return ""
    unit = currency_of(token)
    return unit if unit is not None else direction_words().get(fold(token))
