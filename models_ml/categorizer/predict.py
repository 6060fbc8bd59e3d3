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

from models_ml.categorizer.clean import clean_descriptors, cleaned_line, inflows
from models_ml.categorizer.confidence import Evidence, confidence_features, kinds_of
from models_ml.categorizer.model import CategoryModel
from models_ml.taxonomy import UNCATEGORISED, categories, group_of, merchant_codes

#: At or above it a prediction stands; below, the line stays uncategorised. A wrong category costs a
#: person more than an empty one (they must notice it first), here taken as twice as much: guessing
#: pays when 2 * (1 - p) < p, so from p = 2/3.
STANDS = 2 / 3
#: A share at or above which a line that a merchant code or the bank's own kind settles needs no second look;
#: an assumption, for no labelled lines carry codes. For texts the model holds thresholds by kind of evidence.
SURE_BY_CODE = 0.96

#: Share of a category's lines on which money comes in. A purchase comes back in 2.8 % of the Birmingham
#: card lines: "LIDL +12.30" stays groceries, while an unknown name with money in is hardly a purchase.
INFLOW_BY_GROUP = {"income": 0.98, "need": 0.028, "want": 0.028, "saving": 0.1, "transfer": 0.5}
INFLOW_BY_CODE = {"transfer_in": 0.99, "transfer_out": 0.01, "cash_withdrawal": 0.01, "gambling": 0.1}

#: How many times likelier a leaf becomes by the merchant category code that maps to it: a code of one
#: trade outweighs all but a certain text, a mixed one (department stores, telecoms) only nudges.
DECISIVE_MCC_ODDS = 30_000.0
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
_GIVEN = ["category_code", "probability", "sure", "merchant", "model_name", "model_version"]
_TRANSFERS = ("transfer_in", "transfer_out")
_OFFERED = 3  # likeliest leaves that a person may choose from
_UNKNOWN_SIGN = 2
#: No labelled lines carry codes, so confidence learned nothing of them: from these odds the share stands.
_SETTLING_ODDS = 30.0
_CODED = 0.99
_CHUNK = 50_000  # rows; times 70 classes of float64 that is 28 MB

_OddsOf = Callable[[str], list[tuple[str, float]]]
Texts = Sequence[str | None] | pl.Series
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CategoryPrediction:
    """What the model says of one line; ``probability`` is calibrated, ``sure`` needs no second look."""

    category_code: str
    probability: float
    sure: bool
    model_name: str
    model_version: str


def predict(  # noqa: PLR0913  (one argument per column of a statement line)
    descriptions: Texts,
    amounts_minor: Sequence[int | None] | pl.Series,
    currencies: Sequence[str] | pl.Series,
    mccs: Texts | None = None,
    kinds: Texts | None = None,
    *,
    model: CategoryModel,
) -> pl.DataFrame:
    """One row per line, in order: category_code, probability, sure, merchant, model_name, model_version.

    ``amounts_minor`` are signed (negative leaves the account, null is unknown); their sign counts, and
    ``currencies`` say what they are in. ``kinds`` are the bank's own codes (OFX TRNTYPE, ISO 20022). Equal
    lines are scored once. The threshold STANDS is the caller's to apply; ``sure`` is the model's word
    (the threshold depends on what kind of evidence speaks). The merchant is a known name as people write
    it, else the words that are left of the text, null where none are.
    """
    lines = pl.DataFrame(
        {
            "cleaned": clean_descriptors(pl.Series(descriptions, dtype=pl.String)),
            "inflow": inflows(
                pl.Series(descriptions, dtype=pl.String), pl.Series(amounts_minor, dtype=pl.Int64)
            ),
            "currency": pl.Series(currencies, dtype=pl.String),
            "mcc": _or_empty(mccs, len(descriptions)),
            "kind": _or_empty(kinds, len(descriptions)),
        }
    ).select(_KEYS)
    scored = _scored(lines.unique(maintain_order=True), model)
    return lines.join(scored, on=_KEYS, how="left", maintain_order="left", nulls_equal=True).select(_GIVEN)


def ranked(
    descriptions: Texts,
    amounts_minor: Sequence[int | None] | pl.Series | None = None,
    mccs: Texts | None = None,
    *,
    model: CategoryModel,
) -> pl.DataFrame:
    """One row per line: category_code, probability, sure, merchant, best (the three likeliest with theirs).

    A text that says nothing is uncategorised and has no likeliest; the merchant is as ``predict`` gives it.
    """
    count = len(descriptions)
    lines = pl.DataFrame(
        {
            "cleaned": clean_descriptors(pl.Series(descriptions, dtype=pl.String)),
            "inflow": pl.repeat(None, count, dtype=pl.Boolean, eager=True)
            if amounts_minor is None
            else inflows(pl.Series(descriptions, dtype=pl.String), pl.Series(amounts_minor, dtype=pl.Int64)),
            "mcc": _or_empty(mccs, count),
            "kind": _or_empty(None, count),
        }
    )
    scored = _scored(lines.unique(maintain_order=True), model, told=True)
    said = scored.select(*_KEYS, "category_code", "probability", "sure", "merchant", "best")
    return lines.join(said, on=_KEYS, how="left", maintain_order="left", nulls_equal=True).drop(_KEYS)


def predict_one(  # noqa: PLR0913  (the values of one statement line)
    description: str,
    amount_minor: int,
    currency: str,  # noqa: ARG001 - a line's, as predict takes it
    mcc: str | None = None,
    kind: str | None = None,
    *,
    model: CategoryModel,
) -> CategoryPrediction:
    """The same for one line, without the frames that many lines need: a few milliseconds less."""
    cleaned, inflow = cleaned_line(description, amount_minor)
    codes = ((mcc or "").strip(), (kind or "").strip())
    row = np.zeros(1, dtype=np.int64)
    found = _judged(pl.Series([cleaned]), row, [inflow], [codes[0]], [codes[1]], model)
    if not (cleaned or any(codes)):
        return CategoryPrediction(UNCATEGORISED, 0.0, False, model.name, model.version)  # noqa: FBT003
    return CategoryPrediction(
        model.codes[int(found.best[0])],
        float(found.probability[0]),
        bool(found.sure[0]),
        model.name,
        model.version,
    )


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
    return judged(lines, model).shares


@dataclass(frozen=True)
class Judged:
    """What the model makes of lines: shares (lines x classes), the best class, what tells how sure it is."""

    shares: Floats
    best: npt.NDArray[np.intp]
    features: Floats  # lines x confidence.FEATURES
    evidence: Evidence
    probability: Floats  # of the best class
    sure: npt.NDArray[np.bool_]  # needs no second look


def judged(lines: pl.DataFrame, model: CategoryModel) -> Judged:
    """Shares of the leaves, in which the best one has the probability that it is right."""
    texts = lines.select("cleaned").unique(maintain_order=True).with_row_index("text")
    row_of = lines.select("cleaned").join(texts, on="cleaned", how="left", maintain_order="left")["text"]
    return _judged(
        texts["cleaned"],
        row_of.to_numpy().astype(np.int64),
        lines["inflow"].to_list(),
        lines["mcc"].to_list(),
        lines["kind"].to_list(),
        model,
    )


def _judged(  # noqa: PLR0913, PLR0917 - texts, and a column each of what is known beside them
    texts: pl.Series,
    rows: npt.NDArray[np.int64],
    inflow: Sequence[bool | None],
    mccs: Sequence[str],
    kinds: Sequence[str],
    model: CategoryModel,
) -> Judged:
    """What is known of lines, the text of each being the one of ``texts`` at its place in ``rows``."""
    text_odds, evidence = model.read(texts)
    coded_odds = _by_code(mccs, _mcc_odds, model.codes) + _by_code(kinds, _kind_odds, model.codes)
    signs = np.array([_UNKNOWN_SIGN if one is None else int(one) for one in inflow], dtype=np.int64)
    raw = _shares(signs, text_odds[rows].astype(np.float64) + coded_odds, model.codes)
    found = evidence.take(rows)
    coded = np.array([bool(mcc or kind) for mcc, kind in zip(mccs, kinds, strict=True)], dtype=np.bool_)
    features = confidence_features(
        raw, found, _groups(model.codes), model.confidence.mixed, signs == 1, coded
    )
    best = raw.argmax(axis=1) if len(raw) else np.zeros(0, dtype=np.intp)
    by_text = model.confidence.probability(features, best)
    settled = _settled(coded_odds, best)
    by_code = raw[np.arange(len(best)), best] * _CODED
    probability = np.where(settled, np.maximum(by_text, by_code), by_text)
    sure = model.confidence.sure(by_text, kinds_of(features), best) | (
        settled & (by_code >= SURE_BY_CODE * _CODED)
    )
    return Judged(_with_confidence(raw, best, probability), best, features, found, probability, sure)


def _settled(coded_odds: Floats, best: npt.NDArray[np.intp]) -> npt.NDArray[np.bool_]:
    """Where a merchant code of one trade, or the bank's own kind, speaks for the best leaf."""
    result: npt.NDArray[np.bool_] = coded_odds[np.arange(len(best)), best] >= log(_SETTLING_ODDS)
    return result


def _with_confidence(shares: Floats, best: npt.NDArray[np.intp], sure: Floats) -> Floats:
    """Shares whose best is as likely as ``sure`` says, the others in proportion, none above it."""
    rows = np.arange(len(shares))
    others = np.maximum(1 - shares[rows, best], 1e-9)
    scaled: Floats = shares * ((1 - sure) / others)[:, None]
    scaled = np.minimum(scaled, sure[:, None])
    scaled[rows, best] = sure
    return scaled


def _shares(signs: npt.NDArray[np.int64], odds: Floats, codes: tuple[str, ...]) -> Floats:
    known = signs != _UNKNOWN_SIGN
    if known.any() and set(_TRANSFERS) <= set(codes):
        # which way a transfer went is for its sign to say, not for the bank's word
        ways = [codes.index(code) for code in _TRANSFERS]
        odds[np.ix_(known, ways)] = odds[np.ix_(known, ways)].max(axis=1, keepdims=True)
    odds += _by_sign(codes)[signs]
    odds -= odds.max(axis=1, keepdims=True)
    shares = np.exp(odds)
    result: Floats = shares / shares.sum(axis=1, keepdims=True)
    return result


def _scored(distinct: pl.DataFrame, model: CategoryModel, *, told: bool = False) -> pl.DataFrame:
    starts = range(0, max(len(distinct), 1), _CHUNK)
    frames = [_with_best(distinct.slice(start, _CHUNK), model, told=told) for start in starts]
    return pl.concat(frames).with_columns(
        pl.lit(model.name).alias("model_name"), pl.lit(model.version).alias("model_version")
    )


def _with_best(lines: pl.DataFrame, model: CategoryModel, *, told: bool) -> pl.DataFrame:
    """The best leaf and the merchant of each line; when ``told``, with the likeliest leaves."""
    codes = pl.Series(model.codes, dtype=pl.String)
    found = judged(lines, model)
    rows = np.arange(len(lines))
    said = (
        (lines["cleaned"] != "").to_numpy()
        | (lines["mcc"] != "").to_numpy()
        | (lines["kind"] != "").to_numpy()
    )
    probability = np.where(said, found.shares[rows, found.best], 0.0)
    more = [_offered(found.shares, codes, said).alias("best")] if told else []
    return lines.with_columns(
        pl.Series(
            "category_code", np.where(said, codes.gather(found.best).to_numpy(), UNCATEGORISED), pl.String
        ),
        pl.Series("probability", probability, dtype=pl.Float64),
        pl.Series("sure", found.sure & said, dtype=pl.Boolean),
        merchant_names(lines["cleaned"], found.evidence, model).alias("merchant"),
        *more,
    )


def _offered(shares: Floats, codes: pl.Series, said: npt.NDArray[np.bool_]) -> pl.Series:
    """The likeliest leaves of each line with their probabilities, as a list of structs; of no text none."""
    order = np.argsort(-shares, axis=1, kind="stable")[:, :_OFFERED]
    flat = pl.DataFrame(
        {
            "row": np.repeat(np.arange(len(shares)), order.shape[1]),
            "category": codes.gather(order.ravel()),
            "probability": np.take_along_axis(shares, order, axis=1).ravel().round(4),
        }
    )
    offered = flat.group_by("row", maintain_order=True).agg(
        pl.struct("category", "probability").alias("best")
    )
    return offered.select(
        pl.when(pl.Series(said)).then("best").otherwise(pl.lit([], dtype=offered["best"].dtype)).alias("best")
    )["best"]


def merchant_names(cleaned: pl.Series, evidence: Evidence, model: CategoryModel) -> pl.Series:
    """Who a line was paid to: a known name as people write it, else the cleaned words, null for none."""
    labels = pl.Series(model.labels, dtype=pl.String)
    place = pl.Series(evidence.name_place, dtype=pl.Int64)
    known = (
        labels.gather(place.clip(lower_bound=0)) if len(labels) else pl.repeat("", len(cleaned), eager=True)
    )
    frame = pl.DataFrame({"known": known, "place": place, "words": cleaned})
    shown = (
        pl.when(pl.col("known").str.contains(r"\p{Lu}"))
        .then("known")
        .otherwise(pl.col("known").str.to_titlecase())
    )
    rest = pl.when(pl.col("words") == "").then(None).otherwise(pl.col("words").str.to_titlecase())
    return frame.select(pl.when(pl.col("place") >= 0).then(shown).otherwise(rest)).to_series()


@cache
def _groups(codes: tuple[str, ...]) -> npt.NDArray[np.int64]:
    names = sorted({group_of(code) for code in codes})
    return np.array([names.index(group_of(code)) for code in codes], dtype=np.int64)


@cache
def _by_sign(codes: tuple[str, ...]) -> Floats:
    """Log share of outgoing (row 0) and incoming (row 1) lines of each class; nothing known (row 2)."""
    inflow = np.array([INFLOW_BY_CODE.get(code, INFLOW_BY_GROUP[group_of(code)]) for code in codes])
    shares: Floats = np.stack([1 - inflow, inflow, np.full(len(codes), 0.5)])
    logs: Floats = np.log(shares)
    return logs


def _by_code(values: Sequence[str], odds_of: _OddsOf, codes: tuple[str, ...]) -> Floats:
    """Log odds (lines x classes) that a column of codes adds; few distinct values, so one row each."""
    places = {value: place for place, value in enumerate(dict.fromkeys(values))}
    table = np.zeros((len(places), len(codes)))
    for value, row in places.items():
        for category_code, odds in odds_of(value) if value else ():
            if category_code in codes:
                table[row, codes.index(category_code)] += log(odds)
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
