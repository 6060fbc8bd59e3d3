"""How often receipts find the bank line that paid them, on simulated people; and how that is learned."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from flows.evaluation.links import matching_rates
from flows.generator.paid_receipts import PaidReceiptTruth, paid_receipts
from models_ml.receipts.matching import (
    FEATURES,
    WEIGHTS_FILE,
    DayRates,
    LineFact,
    MatchModel,
    ReceiptFact,
    matches,
    pairs,
)

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

#: The people whom the shipped weights were learned from; evaluations use others.
TRAINING_USERS, TRAINING_MONTHS, TRAINING_SEED = 80, 12, 4201
_BINS = 10
#: What a weight may be at most: simulated banks are stricter than real ones (they never book before the day,
#: seldom on it, and their receipts never misread how they were paid).
_BOUNDS = {"day_before": (-6.0, 0.0), "same_day": (0.0, 6.0), "cash": (-4.0, 0.0), "foreign": (-6.0, 2.0)}


@dataclass(frozen=True, slots=True)
class Person:
    """One person's receipts with the truth, and all lines of their accounts."""

    receipts: list[PaidReceiptTruth]
    lines: list[LineFact]


@dataclass(frozen=True, slots=True)
class MatchScore:
    """How many receipts of one difficulty were paired, and rightly."""

    difficulty: str
    receipts: int
    paired: int
    right: int
    suggested: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, slots=True)
class MatchReport:
    """What an evaluation found; calibration_error is the mean distance of said from true probability."""

    receipts: int
    lines: int
    cpu_seconds: float
    model_version: str
    scores: list[MatchScore]
    calibration_error: float


def evaluate_matching(bank: Path | None, *, users: int, months: int, seed: int) -> MatchReport:
    """Match the receipts of a generated bank (or of people made now) and compare with the truth."""
    with tempfile.TemporaryDirectory() as folder:
        return _measured(list(people(_truth(bank, Path(folder), users, months, seed), seed)))


def train_matching() -> dict[str, object]:
    """Learn the weights from people made for it, and write them into the package."""
    with tempfile.TemporaryDirectory() as folder:
        truth = _truth(None, Path(folder), TRAINING_USERS, TRAINING_MONTHS, TRAINING_SEED)
        crowd = list(people(truth, TRAINING_SEED))
    weights = _fitted_weights(crowd[::2])
    raw = MatchModel(weights, 1.0, 0.0, "raw")
    slope, offset = _fitted_curve(crowd[1::2], raw)
    learned = {
        "version": f"seed-{TRAINING_SEED}",
        "weights": weights,
        "slope": slope,
        "offset": offset,
        "learned_from": {"users": TRAINING_USERS, "months": TRAINING_MONTHS, "seed": TRAINING_SEED},
    }
    WEIGHTS_FILE.write_text(json.dumps(learned, indent=1) + "\n", encoding="utf-8")
    return learned


def _truth(bank: Path | None, folder: Path, users: int, months: int, seed: int) -> Path:
    from flows.generator import generate  # noqa: PLC0415

    if bank is None:
        bank = folder / "bank"
        generate(users=users, months=months, seed=seed, out=bank)
    return bank / "truth"


def people(truth: Path, seed: int) -> Iterator[Person]:
    """Receipts and lines, person by person."""
    lines: dict[str, list[LineFact]] = {}
    for user, line in _lines(truth):
        lines.setdefault(user, []).append(line)
    receipts: dict[str, list[PaidReceiptTruth]] = {}
    for receipt in paid_receipts(truth, seed):
        receipts.setdefault(receipt.user, []).append(receipt)
    for user in sorted(receipts):
        yield Person(receipts[user], lines[user])


def _lines(truth: Path) -> Iterator[tuple[str, LineFact]]:
    accounts = pl.read_parquet(truth / "accounts.parquet").select(
        "account", "account_ref", pl.col("kind").alias("account_kind")
    )
    events = pl.read_parquet(truth / "events.parquet").filter("posted").join(accounts, "account")
    for row in events.iter_rows(named=True):
        text = " ".join(filter(None, (row["description"], row["counterparty"])))
        yield (
            row["user"],
            LineFact(
                row["event_id"],
                row["booked_date"],
                row["booked_date"],  # most banks tell no other day
                row["amount_minor"],
                row["currency"],
                text,
                row["account_ref"],
                row["account_kind"],
            ),
        )


def facts_of(receipts: Sequence[PaidReceiptTruth]) -> list[ReceiptFact]:
    """Receipts without their truth."""
    return [
        ReceiptFact(
            one.receipt_id, one.day, one.total_minor, one.currency, one.merchant, one.payment, one.card_tail
        )
        for one in receipts
    ]


def day_rates() -> DayRates:
    """The shipped reference rates."""
    rates: dict[str, list[tuple[date, float]]] = {}
    for currency, day, per_euro in matching_rates().iter_rows():
        rates.setdefault(currency, []).append((day, per_euro))
    return DayRates(rates)


def _same(person: Person) -> dict[str, tuple[object, ...]]:
    return {line.transaction_id: line.alike for line in person.lines}


def _measured(crowd: Sequence[Person], model: MatchModel | None = None) -> MatchReport:
    rates, begun = day_rates(), time.process_time()
    outcomes: list[tuple[str, bool, str, float, bool]] = []
    for person in crowd:
        found = {
            one.receipt_id: one for one in matches(facts_of(person.receipts), person.lines, rates, (), model)
        }
        same = _same(person)
        for truth in person.receipts:
            match = found.get(truth.receipt_id)
            is_right = bool(match and truth.event_id and same[match.transaction_id] == same[truth.event_id])
            band, sure = (match.band, match.probability) if match else ("", 0.0)
            outcomes.append((truth.difficulty, truth.event_id is not None, band, sure, is_right))
    frame = pl.DataFrame(
        outcomes, schema=["difficulty", "has_line", "band", "sure", "is_right"], orient="row"
    )
    kinds = ["all", *sorted(frame["difficulty"].unique())]
    return MatchReport(
        frame.height,
        sum(len(person.lines) for person in crowd),
        round(time.process_time() - begun, 2),
        (model.version if model else "") or _version(),
        [_score(kind, frame if kind == "all" else frame.filter(difficulty=kind)) for kind in kinds],
        _calibration_error(frame.filter(pl.col("sure") > 0)),
    )


def _version() -> str:
    from models_ml.receipts.matching import shipped  # noqa: PLC0415

    return shipped().version


def _score(kind: str, frame: pl.DataFrame) -> MatchScore:
    paired = frame.filter(band="paired")
    right, true = int(paired["is_right"].sum()), int(frame["has_line"].sum())
    precision = right / paired.height if paired.height else 1.0
    recall = right / true if true else 1.0
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    suggested = frame.filter(band="suggested").height
    scores = round(precision, 4), round(recall, 4), round(f1, 4)
    return MatchScore(kind, frame.height, paired.height, right, suggested, *scores)


def _calibration_error(frame: pl.DataFrame) -> float:
    binned = frame.group_by((pl.col("sure") * _BINS).floor().clip(0, _BINS - 1)).agg(
        said=pl.col("sure").mean(), true=pl.col("is_right").mean(), weight=pl.len()
    )
    error = ((binned["said"] - binned["true"]).abs() * binned["weight"]).sum() / max(frame.height, 1)
    return round(float(error), 4)


def _fitted_weights(crowd: Sequence[Person]) -> dict[str, float]:
    """Weights that make the true line of each receipt the likeliest of its rivals and of none."""
    import numpy as np  # noqa: PLC0415
    from scipy.optimize import minimize  # type: ignore[import-untyped]  # noqa: PLC0415

    features, owner, wanted, none_right = _choices(crowd)
    receipts = int(owner.max()) + 1

    def loss(weights: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        odds = np.exp(np.clip(features @ weights, -40, 40))
        sums = 1.0 + np.bincount(owner, odds, receipts)
        share = odds / sums[owner]
        hit = np.bincount(owner, share * wanted, receipts) + none_right / sums
        cost = -np.log(np.clip(hit, 1e-12, 1)).sum() + 0.5 * (weights[1:] ** 2).sum() * 0.05
        right = np.clip(share * wanted / np.clip(hit, 1e-12, 1)[owner], 0, 1)
        slope = features.T @ (share - right)
        slope[1:] += 0.05 * weights[1:]
        return float(cost), slope

    fitted = minimize(
        loss,
        np.zeros(len(FEATURES)),
        jac=True,
        method="L-BFGS-B",
        bounds=[_BOUNDS.get(name, (-8.0, 8.0)) for name in FEATURES],
    )
    return {name: round(float(weight), 4) for name, weight in zip(FEATURES, fitted.x, strict=True)}


def _choices(
    crowd: Sequence[Person],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Every pair's features, its receipt, whether it is the true one; and which receipts have none.

    Of lines that nothing tells apart one stands for all.
    """
    import numpy as np  # noqa: PLC0415

    rates, features, owner, wanted = day_rates(), [], [], []
    none_right: list[float] = []
    for person in crowd:
        same, base = _same(person), len(none_right)
        seen: set[tuple[object, ...]] = set()
        right_for: set[int] = set()
        for pair in pairs(facts_of(person.receipts), person.lines, rates):
            truth, line = person.receipts[pair.receipt], person.lines[pair.line]
            if (pair.receipt, line.alike) in seen:
                continue
            seen.add((pair.receipt, line.alike))
            is_true = truth.event_id is not None and line.alike == same[truth.event_id]
            features.append(pair.features)
            owner.append(base + pair.receipt)
            wanted.append(float(is_true))
            if is_true:
                right_for.add(pair.receipt)
        none_right += [float(place not in right_for) for place in range(len(person.receipts))]
    return np.array(features), np.array(owner), np.array(wanted), np.array(none_right)


def _fitted_curve(crowd: Sequence[Person], model: MatchModel) -> tuple[float, float]:
    """The logistic curve from what the assignment chose to the share of it that is right (Platt)."""
    import numpy as np  # noqa: PLC0415
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]  # noqa: PLC0415

    rates, logits, truth = day_rates(), [], []
    for person in crowd:
        same = _same(person)
        by_id = {one.receipt_id: one for one in person.receipts}
        for match in matches(facts_of(person.receipts), person.lines, rates, (), model):
            event = by_id[match.receipt_id].event_id
            share = min(max(match.probability, 1e-4), 1 - 1e-4)
            logits.append(np.log(share / (1 - share)))
            truth.append(event is not None and same[match.transaction_id] == same[event])
    curve = LogisticRegression(C=1e3).fit(np.array(logits)[:, None], truth)
    return round(float(curve.coef_[0, 0]), 4), round(float(curve.intercept_[0]), 4)


def as_object(report: MatchReport) -> dict[str, object]:
    """For JSON."""
    return asdict(report)
