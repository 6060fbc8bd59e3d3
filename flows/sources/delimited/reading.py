"""Records of a table to statement lines, whole columns at a time, by a dialect that has been decided."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import polars as pl

from flows.sources.delimited.amounts import Amounts, Decimal, constant
from flows.sources.delimited.dates import Order, read_dates
from flows.sources.delimited.layout import Layout
from flows.sources.delimited.signs import SignRule, directed
from flows.sources.delimited.vocabulary import Role, currency_of, fold, state_words
from warehouse.money import exponent
from warehouse.records import STATEMENT_LINE_SCHEMA


@dataclass(frozen=True, slots=True)
class Dialect:
    """Everything that had to be decided about a file before its lines can be read."""

    layout: Layout
    orders: dict[str, Order]
    decimal: Decimal
    currency: str  # where a line names none
    account_ref: str  # where a line names none
    account_column: int | None = None
    indicator_column: int | None = None
    rule: SignRule = field(default_factory=lambda: SignRule("sign"))
    unknown_currencies: frozenset[str] = frozenset()
    last_line: int | None = None  # of the table; lines below are a footer


def statement_lines(records: pl.DataFrame, dialect: Dialect) -> pl.DataFrame:
    """Lines in STATEMENT_LINE_SCHEMA, one for each record and in the same order.

    What cannot be read is null, and ``problem`` says what and where.
    """
    layout = dialect.layout
    accounts = _accounts(records, dialect)
    amounts = _amounts(records, accounts, dialect)
    dates = _dates(records, dialect)
    states, state_problem = _states(records, layout)
    return pl.DataFrame(
        {
            "account_ref": accounts,
            "line_number": records["line_number"],
            **dates.columns,
            **amounts.columns,
            "status": states,
            **_texts(records, amounts.columns["amount_minor"], dialect),
            "problem": _joined(
                [_shape_problem(records), *dates.problems, *amounts.problems, state_problem], records.height
            ),
            "raw": _raw(records, layout),
        }
    ).select(STATEMENT_LINE_SCHEMA.names()).cast(STATEMENT_LINE_SCHEMA)  # fmt: skip


def currency_column(layout: Layout) -> int | None:
    """The column that names the currency of the lines' amounts."""
    billed = layout.column(Role.BILLED_CURRENCY)
    return layout.column(Role.CURRENCY) if billed is None else billed


def amount_columns(layout: Layout) -> list[int]:
    """The columns that make the amount, in order of preference."""
    single = [layout.column(role) for role in (Role.BILLED_AMOUNT, Role.AMOUNT)]
    pair = [layout.column(role) for role in (Role.DEBIT, Role.CREDIT)]
    return [
        index
        for index in (single if any(index is not None for index in single) else pair)
        if index is not None
    ]


@dataclass(slots=True)
class _Columns:
    columns: dict[str, pl.Series]
    problems: list[pl.Series]


def _dates(records: pl.DataFrame, dialect: Dialect) -> _Columns:
    """The booking date, or the other date where a pending line has no booking date yet."""
    layout = dialect.layout
    booked = layout.column(Role.BOOKED)
    value = layout.column(Role.VALUE)
    texts = records[f"f{booked}"]
    booked_dates = read_dates(texts, dialect.orders)
    value_dates = (
        pl.Series([None], dtype=pl.Date).new_from_index(0, records.height)
        if value is None
        else read_dates(records[f"f{value}"], dialect.orders)
    )
    filled = pl.select(
        pl.when((texts.str.strip_chars() == "") & value_dates.is_not_null())
        .then(value_dates)
        .otherwise(booked_dates)
        .alias("date")
    )["date"]
    problem = _where(filled.is_null(), _unreadable(texts, layout.name(Role.BOOKED), "a date", "the date"))
    return _Columns({"booked_date": filled, "value_date": value_dates}, [problem])


def _amounts(records: pl.DataFrame, accounts: pl.Series, dialect: Dialect) -> _Columns:
    """Signed amount, currency and running balance, with their problems."""
    layout = dialect.layout
    columns = [records[f"f{index}"] for index in amount_columns(layout)]
    if dialect.rule.method == "sign":
        columns = [_first_filled(columns)]
    cells = [Amounts(texts, dialect.decimal) for texts in columns]
    currencies, currency_problem = _currencies(records, cells, dialect)
    exponents = _exponents(currencies)
    signed, problems = (_from_columns if dialect.rule.method == "columns" else _from_one)(
        records, cells, exponents, dialect
    )
    if dialect.rule.has_fee:
        signed = signed - _fees(records, exponents, dialect)
    found = {
        "amount_minor": -signed if dialect.rule.is_inverted else signed,
        "currency": currencies,
        "balance_minor": _balances(records, exponents, dialect),
    }
    problems = [*problems, currency_problem]
    if dialect.rule.from_balance:
        lines = pl.DataFrame({"account_ref": accounts, **found})
        found["amount_minor"] = directed(lines, is_ascending=dialect.rule.is_ascending)
        undirected = found["amount_minor"].is_null() & signed.is_not_null()
        problems.append(_where(undirected, _UNDIRECTED))
    return _Columns(found, problems)


_UNDIRECTED = "the amount has no sign, and the running balance does not tell its direction"


def _from_one(
    records: pl.DataFrame, cells: list[Amounts], exponents: pl.Series, dialect: Dialect
) -> tuple[pl.Series, list[pl.Series]]:
    """The amount of a single column, by its own sign or by the indicator."""
    rule, name = dialect.rule, dialect.layout.columns[amount_columns(dialect.layout)[-1]]
    units = cells[0].minor_units(exponents)
    signed = units["minor"] * _sign(cells[0], rule.unmarked)
    problems = [_amount_problem(cells[0].texts, units, exponents, name)]
    if dialect.indicator_column is not None and not rule.is_signed:
        directions, problem = _directions(records, dialect)
        # Where each side has its own sign the indicator says which side leaves the account.
        signed = (signed.abs() if rule.is_side else signed) * directions
        problems.append(problem)
    return signed, problems


def _sign(cells: Amounts, unmarked: int = 1) -> pl.Series:
    """-1 or 1 for each cell, with what a cell without a sign means."""
    return cells.sign.replace(0, unmarked)


def _from_columns(
    records: pl.DataFrame,
    cells: list[Amounts],
    exponents: pl.Series,
    dialect: Dialect,
) -> tuple[pl.Series, list[pl.Series]]:
    """The amount of a debit and a credit column, one of which is empty or zero."""
    layout = dialect.layout
    sides: list[pl.Series] = []
    problems: list[pl.Series] = []
    for index, cell in zip(amount_columns(layout), cells, strict=True):
        units = cell.minor_units(exponents)
        minor = units["minor"] * _sign(cell)
        sides.append(pl.select(pl.when(cell.is_empty).then(0).otherwise(minor).alias("minor"))["minor"])
        unreadable = _amount_problem(cell.texts, units, exponents, layout.columns[index])
        problems.append(_where(~cell.is_empty, unreadable))
    names = " and ".join(repr(layout.name(role)) for role in (Role.DEBIT, Role.CREDIT))
    empty = cells[0].is_empty & cells[1].is_empty
    if dialect.rule.has_fee:
        empty = empty & (_tidy(records, layout.column(Role.FEE)) == "")  # a fee may stand alone
    problems.append(_where(empty, f"columns {names} are both empty: the amount is missing"))
    both = (sides[0] != 0) & (sides[1] != 0)
    problems.append(_where(both, f"columns {names} both hold an amount"))
    debit, credit = sides
    if dialect.rule.credit_is_negative:
        credit = -credit
    signed = credit + debit if dialect.rule.debit_is_negative else credit - debit
    return pl.select(pl.when(~empty & ~both.fill_null(value=False)).then(signed).alias("minor"))[
        "minor"
    ], problems


def _directions(records: pl.DataFrame, dialect: Dialect) -> tuple[pl.Series, pl.Series]:
    texts = records[f"f{dialect.indicator_column}"].str.strip_chars()
    directions = texts.replace_strict(dict(dialect.rule.directions), default=None, return_dtype=pl.Int64)
    name = dialect.layout.columns[dialect.indicator_column or 0]
    return directions, _where(
        directions.is_null(), _unreadable(texts, name, "debit or credit", "debit or credit")
    )


def _fees(records: pl.DataFrame, exponents: pl.Series, dialect: Dialect) -> pl.Series:
    cells = Amounts(records[f"f{dialect.layout.column(Role.FEE)}"], dialect.decimal)
    return cells.minor_units(exponents)["minor"].fill_null(0)


def _balances(records: pl.DataFrame, exponents: pl.Series, dialect: Dialect) -> pl.Series:
    column = dialect.layout.column(Role.BALANCE)
    if column is None:
        return pl.Series([None], dtype=pl.Int64).new_from_index(0, records.height)
    cells = Amounts(records[f"f{column}"], dialect.decimal)
    return cells.minor_units(exponents)["minor"] * _sign(cells)


def _currencies(records: pl.DataFrame, cells: list[Amounts], dialect: Dialect) -> tuple[pl.Series, pl.Series]:
    """Each line's currency: that of the column's name, its own, that beside the amount, that of the file."""
    layout = dialect.layout
    in_header = next(
        (layout.currencies[index] for index in amount_columns(layout) if index in layout.currencies), ""
    )
    # Beside an amount that has its currency in its name, a column of currencies speaks of another amount.
    column = None if in_header else currency_column(layout)
    beside = _first_filled([cell.unit for cell in cells])
    otherwise = pl.lit(in_header or dialect.currency)
    if not in_header:
        otherwise = pl.when(beside != "").then(beside).otherwise(otherwise)
    if column is None:
        code = otherwise
        text = constant("", records.height)
    else:
        text = records[f"f{column}"].str.strip_chars()
        codes = {value: currency_of(value) for value in text.unique() if value}
        named = text.replace_strict(codes, default=None, return_dtype=pl.String)
        code = pl.when((text == "") | (named == "")).then(otherwise).otherwise(named)
    found = records.select("line_number").with_columns(code.alias("code"))["code"]
    found = pl.select(pl.when(found != "").then(found).alias("code"))["code"]
    name = "" if column is None else layout.columns[column]
    return found, _where(found.is_null(), _unreadable(text, name, "a currency", "the currency"))


def _exponents(currencies: pl.Series) -> pl.Series:
    known = {code: exponent(code) for code in currencies.drop_nulls().unique()}
    return currencies.replace_strict(known, default=2, return_dtype=pl.Int64)


def _states(records: pl.DataFrame, layout: Layout) -> tuple[pl.Series, pl.Series | None]:
    """Posted or pending, and the reason why a transaction that did not happen is no line."""
    column = layout.column(Role.STATUS)
    if column is None:
        return constant("posted", records.height), None
    texts = records[f"f{column}"].str.strip_chars()
    known = {text: state_words().get(fold(text), "posted") for text in texts.unique()}
    states = texts.replace_strict(known, default="posted", return_dtype=pl.String)
    message = pl.format(
        "column '{}': {}, so that nothing was booked", pl.lit(layout.columns[column]), pl.Series(texts)
    )
    return (
        states.replace({"void": "posted"}),
        _where(states == "void", pl.select(message.alias("problem"))["problem"]),
    )


def _accounts(records: pl.DataFrame, dialect: Dialect) -> pl.Series:
    if dialect.account_column is None:
        return constant(dialect.account_ref, records.height)
    texts = records[f"f{dialect.account_column}"].str.strip_chars(" \"='\t")
    known = {text: account_ref(text) or dialect.account_ref for text in texts.unique()}
    return texts.replace_strict(known, default="", return_dtype=pl.String)


def account_ref(text: str) -> str:
    """An account as a column names it; an IBAN without its blanks."""
    bare = text.replace(" ", "")
    return bare if bare[:2].isalpha() and bare[2:4].isdigit() else " ".join(text.split())


def _texts(records: pl.DataFrame, amounts: pl.Series, dialect: Dialect) -> dict[str, pl.Series]:
    """Description, counterparty, reference, kind and merchant category code."""
    layout = dialect.layout
    described = layout.roles.get(Role.DESCRIPTION, ())
    counterparty = _counterparty(records, amounts, layout)
    kinds = [index for index in layout.roles.get(Role.KIND, ()) if index != dialect.indicator_column]
    kind = _tidy(records, next(iter(kinds), dialect.indicator_column))
    details = _distinct_text([_tidy(records, index) for index in described], records.height)
    description = _distinct_text([counterparty, details], records.height)
    if (description == "").any():
        fallback = _distinct_text([_tidy(records, index) for index in kinds], records.height)
        description = _first_filled([description, fallback])
    code = _tidy(records, layout.column(Role.MCC)).str.extract(r"(?:^|\D)(\d{3,4})(?:\D|$)").str.zfill(4)
    return {
        "description": description,
        "counterparty": _or_null(counterparty),
        "bank_reference": _or_null(_tidy(records, layout.column(Role.REFERENCE))),
        "bank_kind": _or_null(
            kind if described or Role.COUNTERPARTY in layout.roles else constant("", records.height)
        ),
        "mcc": code,
    }


def _counterparty(records: pl.DataFrame, amounts: pl.Series, layout: Layout) -> pl.Series:
    """Who is on the other side; of a payer and a payee the one that is not the user."""
    named = _tidy(records, layout.column(Role.COUNTERPARTY))
    payer, payee = (_tidy(records, layout.column(role)) for role in (Role.PAYER, Role.PAYEE))
    sides = pl.DataFrame({"named": named, "payer": payer, "payee": payee, "amount": amounts})
    other = pl.when((pl.col("amount") < 0) | (pl.col("payer") == "")).then("payee").otherwise("payer")
    either = pl.when(other == "").then("payer").otherwise(other)
    return sides.select(pl.when(pl.col("named") == "").then(either).otherwise("named").alias("other"))[
        "other"
    ]


def _distinct_text(parts: Iterable[pl.Series], height: int) -> pl.Series:
    """The parts of each row as one text, leaving out a part that another one says already."""
    filled = [part for part in parts if (part != "").any()]
    text = filled[0] if filled else constant("", height)
    for part in filled[1:]:
        both = pl.DataFrame({"text": text, "part": part})
        text_words, part_words = (pl.format(" {} ", pl.col(name)) for name in ("text", "part"))
        text = both.select(
            pl.when((pl.col("part") == "") | text_words.str.contains(part_words, literal=True))
            .then("text")
            .when((pl.col("text") == "") | part_words.str.contains(text_words, literal=True))
            .then("part")
            .otherwise(pl.concat_str("text", "part", separator=" "))
            .alias("text")
        )["text"]
    return text


def _tidy(records: pl.DataFrame, column: int | None) -> pl.Series:
    """A column's texts with single spaces; all "" where there is no such column."""
    if column is None:
        return constant("", records.height)
    texts = records[f"f{column}"].str.strip_chars()
    has_other_blanks = texts.str.contains(r"[^\S ]|  ").any()
    return texts.str.replace_all(r"\s+", " ") if has_other_blanks else texts


def _or_null(texts: pl.Series) -> pl.Series:
    return pl.select(pl.when(texts != "").then(texts).alias("text"))["text"]


def _first_filled(texts: list[pl.Series]) -> pl.Series:
    first = texts[0]
    for other in texts[1:]:
        first = pl.select(pl.when(first.str.strip_chars() != "").then(first).otherwise(other).alias("text"))[
            "text"
        ]
    return first


def _raw(records: pl.DataFrame, layout: Layout) -> pl.Series:
    """Each record as JSON by column name; one with more fields than columns as its whole text."""
    fields = [pl.col(f"f{index}").alias(name) for index, name in enumerate(layout.columns)]
    by_name = records.select(pl.struct(fields).struct.json_encode().alias("raw"))["raw"]
    is_long = records["extra"].str.strip_chars() != ""
    if not is_long.any():
        return by_name
    whole = records.select(pl.struct(pl.col("line")).struct.json_encode().alias("raw"))["raw"]
    return pl.select(pl.when(is_long).then(whole).otherwise(by_name).alias("raw"))["raw"]


def _shape_problem(records: pl.DataFrame) -> pl.Series:
    is_long = _where(
        records["extra"].str.strip_chars() != "",
        "more fields than the header has columns: a text with the delimiter in it is probably not quoted",
    )
    if "is_damaged" not in records.columns:
        return is_long
    is_damaged = _where(records["is_damaged"], "bytes that do not fit the file's encoding")
    return _joined([is_long, is_damaged], records.height)


def _amount_problem(texts: pl.Series, units: pl.DataFrame, exponents: pl.Series, name: str) -> pl.Series:
    """Why a cell gives no amount, in words."""
    state = units["state"]
    if (state == "").all():
        return _no_problem(texts.len())
    frame = pl.DataFrame({"text": texts, "state": state, "exponent": exponents})
    column = pl.lit(f"column {name!r}: ")
    quoted = pl.format("'{}'", pl.col("text"))
    fine = pl.format("{} has more than the {} decimals of its currency", quoted, pl.col("exponent"))
    return frame.select(
        pl.when((pl.col("state") == "unreadable") & (pl.col("text").str.strip_chars() == ""))
        .then(column + "the amount is missing")
        .when(pl.col("state") == "unreadable")
        .then(column + quoted + " is not an amount")
        .when(pl.col("state") == "decimals")
        .then(column + fine)
        .when(pl.col("state") == "size")
        .then(column + quoted + " is too large to be an amount")
        .alias("problem")
    )["problem"]


def _unreadable(texts: pl.Series, name: str, kind: str, what: str) -> pl.Series:
    """What to say of a cell that is not what it should be, or is empty."""
    column = f"column {name!r}: " if name else ""
    frame = texts.rename("text").to_frame()
    return frame.select(
        pl.when(pl.col("text").str.strip_chars() == "")
        .then(pl.lit(f"{column}{what} is missing"))
        .otherwise(
            pl.format(f"{column.replace('{', '{{').replace('}', '}}')}'{{}}' is not {kind}", pl.col("text"))
        )
        .alias("problem")
    )["problem"]


def _where(condition: pl.Series, message: pl.Series | str) -> pl.Series:
    """The message where the condition holds, null elsewhere."""
    if not condition.any():
        return _no_problem(condition.len())
    text = pl.lit(message) if isinstance(message, str) else message
    return pl.select(pl.when(condition).then(text).alias("problem"))["problem"]


def _no_problem(height: int) -> pl.Series:
    return pl.Series([None], dtype=pl.String).new_from_index(0, height)


def _joined(problems: list[pl.Series | None], height: int) -> pl.Series:
    """All problems of each line as one text, null for a line without any."""
    present = [problem for problem in problems if problem is not None and problem.null_count() < height]
    if not present:
        return _no_problem(height)
    text = pl.select(pl.concat_str(present, separator="; ", ignore_nulls=True).alias("problem"))["problem"]
    return _or_null(text)
