"""Sets of lines that may be one series: by who was paid, by text, by account, by amount."""

from __future__ import annotations

import polars as pl

from models_ml.categorizer.clean import clean_descriptors, romanised

#: What a search is given, one row per transaction.
LINE_SCHEMA = pl.Schema(
    {
        "user_id": pl.String,
        "transaction_id": pl.String,
        "account_id": pl.String,
        "date": pl.Date,
        "amount_minor": pl.Int64,  # signed: negative leaves the account
        "currency": pl.String,
        "description": pl.String,
        "counterparty": pl.String,
        "category_code": pl.String,
    }
)

#: Too short or too common to tell one payee from another.
_STOPWORDS = (
    "the", "and", "las", "los", "les", "der", "die", "das", "den", "von", "van", "for", "from", "www", "com",
    "payment", "transfer", "virement", "uberweisung", "przelew", "prevod", "cash",
)  # fmt: skip
#: Sorted amounts belong together as long as each is at most so many times the one before.
_WIDE, _NARROW = 1.25, 1.04
#: Larger sets of one payee are everyday shopping; only what is equal in them is looked at.
_MOST_LINES = 400
#: Days from one line to the next, on average: what comes more often than weekly is everyday shopping.
_LEAST_GAP = 4.5
#: Days between two lines that may be all there is of a series so far, and by how many they may differ.
_LONE_GAPS = ((30.4, 4), (60.9, 5), (91.3, 6), (182.6, 8), (365.2, 12))


#: Lines of one payee, in one currency and direction, can be one series; no others can.
PAYEE = ("user_id", "currency", "is_in", "payee")


def keyed_lines(lines: pl.DataFrame) -> pl.DataFrame:
    """Lines by user and day with ``row``, ``is_in``, ``payee`` (a word) and ``text`` (all that tells)."""
    ordered = lines.sort("user_id", "date", "transaction_id").with_row_index("row")
    texts = ordered.select("description", "counterparty").unique()
    return (
        ordered.with_columns(is_in=pl.col("amount_minor") > 0)
        .join(
            texts.with_columns(_keys(texts)),
            on=["description", "counterparty"],
            how="left",
            nulls_equal=True,
        )
        .sort("row")
    )


def _keys(texts: pl.DataFrame) -> list[pl.Series]:
    """Both keys of distinct texts; the payee is the first word that tells, of the counterparty if named."""
    named = romanised(clean_descriptors(texts["counterparty"].fill_null("")))
    said = romanised(clean_descriptors(texts["description"].fill_null("")))
    plain = texts["description"].fill_null("").str.to_lowercase().str.replace_all(r"[^\p{L}]+", " ")
    words = pl.DataFrame({"named": named, "said": said, "plain": plain.str.strip_chars()})
    payee = words.select(
        pl.coalesce(_first_word("named"), _first_word("said"), _first_word("plain"), pl.lit("")).alias(
            "payee"
        )
    )["payee"]
    text = words.select((pl.col("named") + "|" + pl.col("said")).alias("text"))["text"]
    return [payee, text]


def _first_word(column: str) -> pl.Expr:
    telling = (
        pl.col(column)
        .str.extract_all(r"[\p{L}]{3,}")
        .list.filter(~pl.element().is_in(list(_STOPWORDS)))
        .list.first()
    )
    return pl.coalesce(telling, pl.when(pl.col(column) != "").then(pl.col(column)))


def candidate_sets(keyed: pl.DataFrame) -> pl.DataFrame:
    """Memberships (candidate, row), sorted; sets of fewer than two days are no candidates.

    A line is in many candidates: what is one series is told by their rhythm, not here.
    """
    base = keyed.filter(pl.col("amount_minor") != 0).select(
        "row",
        "date",
        pl.col("amount_minor").abs().alias("amount"),
        _numbered("who", *PAYEE),
        _numbered("text"),
        _numbered("account_id"),
    )
    sets = [
        _grouped(base, ["who"]),
        _grouped(base, ["who", "text"]),
        _grouped(base, ["who", "account_id"]),
        _grouped(base, ["who", "amount"], least=3),
    ]
    for ratio in (_WIDE, _NARROW):
        sets += [
            _grouped(_clustered(base, ["who"], ratio), ["who", "cluster"]),
            _grouped(_clustered(base, ["who", "text"], ratio), ["who", "text", "cluster"]),
        ]
    members = pl.concat(sets)
    distinct = members.unique(subset=["mark", "size", "first", "row"], keep="first", maintain_order=True)
    named = distinct.select("mark", "size", "first").unique(maintain_order=True).with_row_index("candidate")
    return (
        distinct.join(named, on=["mark", "size", "first"], how="inner")
        .select("candidate", "row")
        .sort("candidate", "row")
    )


def _numbered(name: str, *columns: str) -> pl.Expr:
    """Equal values as equal numbers: windows over numbers are several times faster than over texts."""
    return pl.struct(columns or (name,)).rank("dense").alias(name)


def _clustered(base: pl.DataFrame, keys: list[str], ratio: float) -> pl.DataFrame:
    """``cluster`` numbers runs of sorted amounts without a gap of more than ``ratio``."""
    ordered = base.sort(*keys, "amount")
    jump = pl.col("amount") > pl.col("amount").shift(1).over(keys) * ratio
    return ordered.with_columns(jump.fill_null(value=False).cum_sum().over(keys).alias("cluster"))


def _grouped(base: pl.DataFrame, keys: list[str], least: int = 2) -> pl.DataFrame:
    """Sets of equal ``keys`` as (mark, size, first, row); equal sets have equal marks."""
    mark = pl.col("row").hash(7).sum().over(keys).alias("mark")
    return (
        base.with_columns(
            mark,
            pl.len().over(keys).alias("size"),
            pl.col("date").n_unique().over(keys).alias("days"),
            (pl.col("date").max() - pl.col("date").min()).dt.total_days().over(keys).alias("length"),
            pl.col("row").min().over(keys).alias("first"),
        )
        .filter((pl.col("days") >= least) & (pl.col("size") <= _MOST_LINES))
        .filter(pl.col("length") >= (pl.col("days") - 1) * _LEAST_GAP)
        .filter((pl.col("days") > 2) | _is_lone_gap())  # noqa: PLR2004
        .select("mark", "size", "first", "row")
    )


def _is_lone_gap() -> pl.Expr:
    return pl.any_horizontal((pl.col("length") - gap).abs() <= wide for gap, wide in _LONE_GAPS)
