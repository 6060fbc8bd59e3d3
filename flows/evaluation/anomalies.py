"""Injects anomalies into generated lives and counts which alerts are true."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from models_ml.anomalies.choose import AlertModel, chosen, shipped, weighed
from models_ml.anomalies.detect import EVIDENCE, FACT_SCHEMA, KINDS, candidates, purchases
from models_ml.anomalies.population import as_document, population
from models_ml.taxonomy import categories

#: What is injected; pace is not, it is told by the plan.
INJECTED = tuple(kind for kind in KINDS if kind != "pace")
_MIX = {
    "unusual_amount": 0.35,
    "duplicate_charge": 0.25,
    "far_merchant": 0.15,
    "price_rise": 0.15,
    "missing_income": 0.10,
}
#: Fitting sees other people than measuring.
FIT_SEED, EVALUATION_SEED = 401, 402
_WARM_UP_DAYS = 150
_LEAST_RISE = 1.02


@dataclass(frozen=True, slots=True)
class KindScore:
    """How a kind fares among the alerts that are shown: worth it, and the best of their week."""

    kind: str
    injected: int
    shown: int
    true: int
    precision: float
    recall: float


@dataclass(frozen=True, slots=True)
class AnomalyReport:
    """Precision at one alert a week, where anomalies are as common as that, and where they are rare."""

    people: int
    weeks: int
    injected: int
    precision_at_one_a_week: float
    recall_at_one_a_week: float
    shown_by_threshold: int
    precision_by_threshold: float
    recall_by_threshold: float
    rare_alerts_a_year: float
    rare_precision: float
    rare_recall: float
    calibration_error: float
    most_shown: float  # the share of injected that one alert a week could tell at best
    kinds: list[KindScore]
    rare_kinds: list[KindScore]

    def as_dict(self) -> dict[str, object]:
        """For JSON."""
        return asdict(self)


def evaluate_anomalies(
    *,
    users: int = 80,
    months: int = 12,
    seed: int = EVALUATION_SEED,
    bank: Path | None = None,
    model: AlertModel | None = None,
) -> AnomalyReport:
    """One anomaly a person and week is injected, and a tenth of that in a second, rarer world."""
    facts, rises = generated_facts(users, months, seed, bank)
    common, weeks = _measured(facts, rises, seed, 1.0, model or shipped())
    rare, _ = _measured(facts, rises, seed + 1, 0.1, model or shipped())
    people = facts["user"].n_unique()
    best = common.sort("usefulness", descending=True).head(people * weeks)
    injected = int(common["injected"][0]) if common.height else 0
    shown = common.filter("is_shown")
    rarely = rare.filter("is_shown")
    return AnomalyReport(
        people,
        weeks,
        injected,
        _share(best["is_true"].sum(), best.height),
        _share(best["is_injected"].sum(), injected),
        shown.height,
        _share(shown["is_true"].sum(), shown.height),
        _share(shown["is_injected"].sum(), injected),
        round(rarely.height / people / weeks * 52, 2),
        _share(rarely["is_true"].sum(), rarely.height),
        _share(rarely["is_injected"].sum(), int(rare["injected"][0]) if rare.height else 0),
        _calibration_error(common),
        float(common["most_shown"][0]) if common.height else 0.0,
        _by_kind(shown, injected_by_kind(common)),
        _by_kind(rarely, injected_by_kind(rare)),
    )


def fit_parameters(*, users: int = 120, months: int = 12, seed: int = FIT_SEED) -> dict[str, Any]:
    """What evidence weighs by kind, where every fifth week has an anomaly, with what it was learned from."""
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]  # noqa: PLC0415

    facts, rises = generated_facts(users, months, seed, None)
    changed, truth, _ = inject(facts, seed, 0.2)
    everybody = population(purchases(changed))
    found = _labelled(candidates(changed, everybody), truth, rises)
    fitted: dict[str, dict[str, Any]] = {"pace": _weights(-1.0, [1.0])}
    for kind in INJECTED:
        rows = found.filter(pl.col("kind") == kind)
        model = LogisticRegression(C=10.0, max_iter=1000).fit(
            rows.select(EVIDENCE).to_numpy(), rows["is_true"].to_numpy()
        )
        fitted[kind] = _weights(float(model.intercept_[0]), model.coef_[0].tolist())
    learned = {"people": users, "months": months, "seed": seed, "injected_a_week": 0.2}
    return {"data": learned, "kinds": fitted, "population": as_document(everybody)}


def _weights(intercept: float, weights: Sequence[float]) -> dict[str, Any]:
    padded = [*weights, *([0.0] * (len(EVIDENCE) - len(weights)))]
    return {"intercept": round(intercept, 4), "weights": [round(each, 4) for each in padded]}


def generated_facts(
    users: int, months: int, seed: int, bank: Path | None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Purchases and income of generated people, FACT_SCHEMA, and the first lines of each dearer price.

    Anomalies of the generator are taken out. Prices that rise are a part of life there, and true alerts.
    """
    from flows.generator import generate  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        source = bank or Path(folder) / "bank"
        if bank is None:
            generate(users=users, months=months, seed=seed, out=source)
        events = pl.read_parquet(source / "truth" / "events.parquet")
        series = pl.read_parquet(source / "truth" / "series.parquet")
    known = categories()
    group = {code: each.group_code for code, each in known.items()}
    category = pl.col("category").cast(pl.String)
    posted: pl.DataFrame = (
        events.filter(pl.col("posted") & pl.col("anomaly").is_null())
        .select(
            "user",
            ref="event_id",
            day="spent_date",
            amount=-pl.col("amount_minor"),
            category=category,
            group=category.replace_strict(group, default="want"),
            merchant=pl.col("merchant").fill_null(""),
            account="account",
            is_foreign=pl.col("original_currency").is_not_null(),
        )
        .match_to_schema(FACT_SCHEMA)
    )
    return posted, _risen_prices(events, series)


def _risen_prices(events: pl.DataFrame, series: pl.DataFrame) -> pl.DataFrame:
    """The first line at each higher price of a bill of fixed amount: user, ref, day."""
    prices = (
        series.filter(
            (pl.col("amount_kind").cast(pl.String) == "fixed")
            & (pl.col("direction").cast(pl.String) == "out")
        )
        .select("series_id", "price_dates", "price_minor")
        .explode("price_dates", "price_minor", empty_as_null=True, keep_nulls=True)
        .with_columns(before=pl.col("price_minor").shift(1).over("series_id"))
        .filter(pl.col("price_minor") >= pl.col("before") * _LEAST_RISE)
    )
    return (
        events.filter(pl.col("posted") & pl.col("series_id").is_not_null())
        .join(prices, on="series_id")
        .filter(pl.col("spent_date") >= pl.col("price_dates"))
        .sort("spent_date")
        .group_by("series_id", "price_dates")
        .agg(pl.col("user", "event_id", "spent_date").first())
        .select("user", ref="event_id", day="spent_date")
        .unique("ref")
    )


def inject(facts: pl.DataFrame, seed: int, rate: float) -> tuple[pl.DataFrame, pl.DataFrame, int]:
    """Facts with anomalies, the truth (user, kind, ref, day), and the weeks in which they may lie."""
    dice = np.random.default_rng(seed)
    first = _first_day(facts)
    weeks = (_day(facts["day"].max()) - first).days // 7
    spent = facts.filter((pl.col("amount") > 0) & pl.col("group").is_in(["need", "want"]))
    late = spent.filter(pl.col("day") >= first)
    count = round(facts["user"].n_unique() * weeks * rate)
    counts = {kind: round(count * share) for kind, share in _MIX.items()}
    facts, unusual = _raise_amounts(facts, late, counts["unusual_amount"], dice)
    doubled = _doubled(late, counts["duplicate_charge"], dice)
    foreign = _foreign(late, counts["far_merchant"], dice)
    facts, risen = _raise_prices(facts, first, counts["price_rise"], dice)
    facts, missing = _stop_income(facts, first, counts["missing_income"], dice)
    truth = pl.concat(
        [
            unusual,
            doubled.select("user", kind=pl.lit("duplicate_charge"), ref="ref", day="day"),
            foreign.select("user", kind=pl.lit("far_merchant"), ref="ref", day="day"),
            risen,
            missing,
        ]
    )
    return pl.concat([facts, doubled, foreign]).sort("user", "day", "ref"), truth, weeks


def _sampled(rows: pl.DataFrame, count: int, dice: np.random.Generator) -> pl.DataFrame:
    picked = np.sort(dice.choice(rows.height, min(count, rows.height), replace=False))
    sampled: pl.DataFrame = rows[picked.tolist()]
    return sampled


def _raise_amounts(
    facts: pl.DataFrame, late: pl.DataFrame, count: int, dice: np.random.Generator
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Purchases of four to fifteen times their sum."""
    picked = _sampled(late, count, dice).with_columns(
        factor=np.exp(dice.uniform(np.log(4), np.log(15), count))
    )
    changed = facts.join(picked.select("ref", "factor"), on="ref", how="left").with_columns(
        amount=(pl.col("amount") * pl.col("factor").fill_null(1.0)).round().cast(pl.Int64)
    )
    truth = picked.select("user", kind=pl.lit("unusual_amount"), ref="ref", day="day")
    return changed.drop("factor"), truth


def _doubled(late: pl.DataFrame, count: int, dice: np.random.Generator) -> pl.DataFrame:
    """Charges that come a second time, the same day or the next."""
    picked = _sampled(late, count, dice)
    later = pl.Series("later", dice.integers(0, 2, picked.height), dtype=pl.Int64)
    return (
        picked.with_columns(later)
        .with_columns(ref="dup-" + pl.col("ref"), day=pl.col("day") + pl.duration(days="later"))
        .drop("later")
    )


def _foreign(late: pl.DataFrame, count: int, dice: np.random.Generator) -> pl.DataFrame:
    """A purchase in foreign money at a shop never seen before."""
    picked = _sampled(late, count, dice)
    factor = pl.Series(dice.uniform(1, 6, picked.height))
    return picked.with_columns(
        ref="far-" + pl.col("ref"),
        merchant="far " + pl.col("ref"),
        amount=(pl.col("amount") * factor).round().cast(pl.Int64),
        is_foreign=pl.lit(value=True),
    )


def _raise_prices(
    facts: pl.DataFrame, first: date, count: int, dice: np.random.Generator
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Steady bills that cost 4 to 35 % more from some day on."""
    keys = ["user", "merchant", "account"]
    steady = (
        facts.filter((pl.col("amount") > 0) & pl.col("group").is_in(["need", "want"]))
        .filter((pl.col("amount").n_unique().over(keys) == 1) & (pl.len().over(keys) >= 5))  # noqa: PLR2004
        .filter(pl.col("day") >= first)
        .group_by(keys)
        .agg(pl.col("day").min(), pl.col("ref").sort_by("day").first())
        .sort(keys)
    )
    picked = _sampled(steady, count, dice)
    picked = picked.with_columns(factor=dice.uniform(1.04, 1.35, picked.height), since="day")
    changed = facts.join(picked.select(*keys, "factor", "since"), on=keys, how="left")
    is_dearer = pl.col("since").is_not_null() & (pl.col("day") >= pl.col("since"))
    changed = changed.with_columns(
        amount=pl.when(is_dearer)
        .then((pl.col("amount") * pl.col("factor")).ceil())
        .otherwise(pl.col("amount"))
        .cast(pl.Int64)
    )
    truth = picked.select("user", kind=pl.lit("price_rise"), ref="ref", day="day")
    return changed.drop("factor", "since"), truth


def _stop_income(
    facts: pl.DataFrame, first: date, count: int, dice: np.random.Generator
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Regular income that does not come once; the alert is about the payment before it."""
    keys = ["user", "merchant"]
    regular = (
        facts.filter(pl.col("category").is_in(["salary", "pension", "benefits", "rental_income"]))
        .sort(*keys, "day")
        .with_columns(before=pl.col("ref").shift(1).over(keys), times=pl.int_range(pl.len()).over(keys))
        .filter((pl.col("day") >= first) & (pl.col("times") >= 5))  # noqa: PLR2004
        .filter(pl.col("day") < pl.col("day").max() - timedelta(days=25))
    )
    picked = _sampled(regular, count, dice).unique(keys, keep="first", maintain_order=True)
    truth = picked.select("user", kind=pl.lit("missing_income"), ref="before", day="day")
    return facts.join(picked.select("ref"), on="ref", how="anti"), truth


def _labelled(found: pl.DataFrame, truth: pl.DataFrame, rises: pl.DataFrame) -> pl.DataFrame:
    """A true alert names the very purchase; what is odd of it may be told in another kind's words.

    Prices that rose of themselves (``rises``) are true if they are told as such; they were not injected.
    """
    told = truth.select("user", "ref", true_kind="kind").unique(["user", "ref"])
    natural = rises.select("user", "ref", kind=pl.lit("price_rise"), is_natural=pl.lit(value=True))
    labelled = found.join(told, on=["user", "ref"], how="left").join(
        natural, on=["user", "ref", "kind"], how="left"
    )
    is_injected = pl.col("true_kind").is_not_null()
    return labelled.with_columns(
        is_injected=is_injected, is_true=is_injected | pl.col("is_natural").fill_null(value=False)
    )


def _measured(
    facts: pl.DataFrame, rises: pl.DataFrame, seed: int, rate: float, model: AlertModel
) -> tuple[pl.DataFrame, int]:
    changed, truth, weeks = inject(facts, seed, rate)
    first = _first_day(facts)
    alerts = chosen(weighed(candidates(changed, model.everybody).filter(pl.col("day") >= first), model.kinds))
    counted = truth.group_by("kind").len().to_dict(as_series=False)
    by_kind = dict(zip(counted["kind"], counted["len"], strict=True))
    told_at_most = truth.select("user", pl.col("day").dt.truncate("1w")).n_unique()
    return _labelled(alerts, truth, rises).with_columns(
        injected=pl.lit(truth.height),
        injected_by_kind=pl.lit(json.dumps(by_kind)),
        most_shown=pl.lit(_share(told_at_most, truth.height)),
    ), weeks


def injected_by_kind(found: pl.DataFrame) -> dict[str, int]:
    """How many of each kind were put in."""
    counted: dict[str, int] = json.loads(found["injected_by_kind"][0]) if found.height else {}
    return counted


def _by_kind(shown: pl.DataFrame, injected: dict[str, int]) -> list[KindScore]:
    scores = []
    for kind in INJECTED:
        rows = shown.filter(pl.col("kind") == kind)
        true = int(rows["is_true"].sum())
        recalled = shown.filter(pl.col("true_kind") == kind).height
        scores.append(
            KindScore(
                kind,
                injected.get(kind, 0),
                rows.height,
                true,
                _share(true, rows.height),
                _share(recalled, injected.get(kind, 0)),
            )
        )
    return scores


def _calibration_error(found: pl.DataFrame) -> float:
    """How far said probabilities lie from the share that is true, weighted by alerts."""
    table = found.group_by((pl.col("probability") * 10).floor()).agg(
        said=pl.col("probability").mean(), true=pl.col("is_true").mean(), count=pl.len()
    )
    off = (table["said"] - table["true"]).abs() * table["count"]
    return round(float(off.sum()) / max(found.height, 1), 4)


def _first_day(facts: pl.DataFrame) -> date:
    return _day(facts["day"].min()) + timedelta(days=_WARM_UP_DAYS)


def _day(value: object) -> date:
    return date.fromisoformat(str(value))


def _share(part: Any, whole: float) -> float:  # noqa: ANN401 - a sum as polars types it
    return round(float(part) / whole, 4) if whole else 0.0
