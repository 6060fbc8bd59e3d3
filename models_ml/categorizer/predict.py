"""Category and probability of bank lines: the text's log-odds, then what amount, MCC and kind say."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from math import log
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from models_ml.categorizer.clean import clean_descriptors
from models_ml.categorizer.model import CategoryModel
from models_ml.taxonomy import UNCATEGORISED, categories, group_of, merchant_codes

#: At or above it a prediction stands; below, the line stays uncategorised. A wrong category costs a
#: person more than an empty one (they must notice it first), here taken as twice as much: guessing
#: pays when 2 * (1 - p) < p, so from p = 2/3.
SURE = 2 / 3

#: Share of a category's lines on which money comes in. A purchase comes back in 2.8 % of the Birmingham
#: card lines: "LIDL +12.30" stays groceries, while an unknown name with money in is hardly a purchase.
INFLOW_BY_GROUP = {"income": 0.98, "need": 0.028, "want": 0.028, "saving": 0.1, "transfer": 0.5}
INFLOW_BY_CODE = {"transfer_in": 0.99, "transfer_out": 0.01, "cash_withdrawal": 0.01, "gambling": 0.1}

#: How many times likelier a leaf becomes by the merchant category code that maps to it: a code of one
#: trade outweighs all but a certain text, a mixed one (department stores, telecoms) only nudges.
DECISIVE_MCC_ODDS = 3000.0
MIXED_MCC_ODDS = 8.0
#: Leaves that merchants under a code are too, with the part of the code's odds they get: a coffee shop
#: is coded 5814 or 5812 like its neighbours, and only its name tells it from them.
ALSO_BY_MCC: dict[str, dict[str, float]] = {
    "5812": {"fast_food": 0.1, "coffee": 0.1, "bars_alcohol": 0.1},
    "5814": {"coffee": 0.2, "restaurants": 0.05},
    "5462": {"coffee": 0.2},
}

_KINDS_FILE = Path(__file__).parent / "knowledge" / "bank_kinds.csv"
_KEYS = ["cleaned", "inflow", "mcc", "kind"]
_CHUNK = 50_000  # rows; times 70 classes of float64 that is 28 MB

_OddsOf = Callable[[str], list[tuple[str, float]]]
Texts = Sequence[str | None] | pl.Series
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CategoryPrediction:
    """What the model says of one line; ``probability`` is calibrated."""

    category_code: str
    probability: float
    model_name: str
    model_version: str

    @property
    def sure(self) -> bool:
        """True when the guess is worth its risk."""
        return self.probability >= SURE and self.category_code != UNCATEGORISED


def predict(  # noqa: PLR0913  (one argument per column of a statement line)
    descriptions: Texts,
    amounts_minor: Sequence[int] | pl.Series,
    currencies: Sequence[str] | pl.Series,
    mccs: Texts | None = None,
    kinds: Texts | None = None,
    *,
    model: CategoryModel,
) -> pl.DataFrame:
    """One row per line, in order: category_code, probability, model_name, model_version.

    ``amounts_minor`` are signed (negative leaves the account); their sign counts, and ``currencies``
    say what they are in. ``kinds`` are the bank's own codes (OFX TRNTYPE, ISO 20022). Equal lines
    are scored once. The threshold SURE is the caller's to apply.
    """
    lines = pl.DataFrame(
        {
            "cleaned": clean_descriptors(pl.Series(descriptions, dtype=pl.String)),
            "inflow": pl.Series(amounts_minor, dtype=pl.Int64) > 0,
            "currency": pl.Series(currencies, dtype=pl.String),
            "mcc": _or_empty(mccs, len(descriptions)),
            "kind": _or_empty(kinds, len(descriptions)),
        }
    ).select(_KEYS)
    scored = _scored(lines.unique(maintain_order=True), model)
    return lines.join(scored, on=_KEYS, how="left", maintain_order="left").drop(_KEYS)


def predict_one(  # noqa: PLR0913  (the values of one statement line)
    description: str,
    amount_minor: int,
    currency: str,
    mcc: str | None = None,
    kind: str | None = None,
    *,
    model: CategoryModel,
) -> CategoryPrediction:
    """The same for one line."""
    frame = predict([description], [amount_minor], [currency], [mcc], [kind], model=model)
    return CategoryPrediction(**frame.row(0, named=True))


def likely_client_categories(description: str, *, model: CategoryModel) -> list[tuple[str, float]]:
    """The client's categories of money spent on this, the likeliest first, with their probabilities.

    Several leaves stand behind one category of the client: it has the sum of theirs.
    """
    cleaned = clean_descriptors(pl.Series([description], dtype=pl.String))
    line = pl.DataFrame({"cleaned": cleaned, "inflow": [False], "mcc": [""], "kind": [""]})
    shares: dict[str, float] = {}
    for code, share in zip(model.codes, probabilities(line, model)[0], strict=True):
        name = categories()[code].client_code
        shares[name] = min(shares.get(name, 0.0) + float(share), 1.0)
    return sorted(shares.items(), key=lambda item: -item[1])


def probabilities(lines: pl.DataFrame, model: CategoryModel) -> Floats:
    """Probability of every class of the model (lines x classes) for rows of cleaned, inflow, mcc, kind."""
    texts = lines.select("cleaned").unique(maintain_order=True).with_row_index("text")
    row_of = lines.select("cleaned").join(texts, on="cleaned", how="left", maintain_order="left")["text"]
    odds = model.logits(texts["cleaned"])[row_of.to_numpy()].astype(np.float64)
    odds += _by_sign(model.codes)[lines["inflow"].to_numpy().astype(np.int64)]
    odds += _by_code(lines["mcc"], _mcc_odds, model.codes)
    odds += _by_code(lines["kind"], _kind_odds, model.codes)
    odds -= odds.max(axis=1, keepdims=True)
    shares = np.exp(odds)
    result: Floats = shares / shares.sum(axis=1, keepdims=True)
    return result


def _scored(distinct: pl.DataFrame, model: CategoryModel) -> pl.DataFrame:
    codes = pl.Series(model.codes, dtype=pl.String)
    frames = [distinct.clear().pipe(_with_best, codes, np.zeros((0, len(codes))))]
    for start in range(0, len(distinct), _CHUNK):
        chunk = distinct.slice(start, _CHUNK)
        frames.append(_with_best(chunk, codes, probabilities(chunk, model)))
    return pl.concat(frames).with_columns(
        pl.lit(model.name).alias("model_name"), pl.lit(model.version).alias("model_version")
    )


def _with_best(lines: pl.DataFrame, codes: pl.Series, shares: Floats) -> pl.DataFrame:
    best = shares.argmax(axis=1)
    return lines.with_columns(
        codes.gather(best).alias("category_code"),
        pl.Series("probability", shares[np.arange(len(best)), best], dtype=pl.Float64),
    )


@cache
def _by_sign(codes: tuple[str, ...]) -> Floats:
    """Log share of outgoing (row 0) and incoming (row 1) lines of each class."""
    inflow = np.array([INFLOW_BY_CODE.get(code, INFLOW_BY_GROUP[group_of(code)]) for code in codes])
    shares: Floats = np.stack([1 - inflow, inflow])
    logs: Floats = np.log(shares)
    return logs


def _by_code(values: pl.Series, odds_of: _OddsOf, codes: tuple[str, ...]) -> Floats:
    """Log odds (lines x classes) that a column of codes adds; few distinct values, so one row each."""
    distinct = values.unique(maintain_order=True)
    table = np.zeros((len(distinct), len(codes)))
    for row, value in enumerate(distinct):
        for category_code, odds in odds_of(value):
            if category_code in codes:
                table[row, codes.index(category_code)] += log(odds)
    places = dict(zip(distinct, range(len(distinct)), strict=True))
    return table[np.array([places[value] for value in values], dtype=np.int64)]


def _mcc_odds(mcc: str) -> list[tuple[str, float]]:
    found = merchant_codes().get(mcc)
    if found is None:
        return []
    odds = DECISIVE_MCC_ODDS if found.is_decisive else MIXED_MCC_ODDS
    also = ALSO_BY_MCC.get(mcc, {})
    return [(found.category_code, odds), *((code, part * odds) for code, part in also.items())]


def _kind_odds(kind: str) -> list[tuple[str, float]]:
    return [(code, odds) for pattern, code, odds in _kinds() if pattern.search(kind.upper())]


@cache
def _kinds() -> tuple[tuple[re.Pattern[str], str, float], ...]:
    with _KINDS_FILE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return tuple((re.compile(row["pattern"]), row["category_code"], float(row["odds"])) for row in rows)


def _or_empty(values: Texts | None, count: int) -> pl.Series:
    if values is None:
        return pl.repeat("", count, dtype=pl.String, eager=True)
    return pl.Series(values, dtype=pl.String).fill_null("").str.strip_chars()
