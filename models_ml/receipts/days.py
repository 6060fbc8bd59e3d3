"""Which of a receipt's dates is the day of purchase: candidates and what speaks for each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from models_ml.receipts.dates import FORMS, Order, WrittenDate, order_of, time_in
from models_ml.receipts.evidence import Evidence

FEATURES = (
    "has_date_word",
    "has_other_word",
    "has_time",
    "time_near",
    "position",
    "occurrences",
    "is_first",
    "is_latest",
    "candidates",
    "is_start_of_row",
    "confidence",
    "years_behind_latest",
    "above_date_word",
    "rank_from_top",
    *(f"form_{form}" for form in FORMS),
)


@dataclass(frozen=True)
class DateCandidate:
    """One distinct date with the places (row, date as written) where it stands."""

    day: date
    places: tuple[tuple[int, WrittenDate], ...]
    features: tuple[float, ...]


def date_candidates(read: Evidence, order: Order, latest_day: date = date.max) -> list[DateCandidate]:
    """Distinct dates of the receipt up to a day, each read by one order of day and month."""
    days: dict[date, list[tuple[int, WrittenDate]]] = {}
    for row, written in read.dates:
        day = written.read(order)
        if day and day <= latest_day:
            days.setdefault(day, []).append((row, written))
    latest = max(days, default=date.min)
    ordered = sorted(days, key=lambda day: days[day][0][0])
    return [
        DateCandidate(day, tuple(days[day]), _vector(read, days[day], day, latest, rank, len(days)))
        for rank, day in enumerate(ordered)
    ]


def matrix(candidates: list[DateCandidate]) -> npt.NDArray[np.float32]:
    """Candidates x features."""
    rows = [candidate.features for candidate in candidates]
    return np.array(rows, dtype=np.float32).reshape(len(rows), len(FEATURES))


def receipt_order(read: Evidence) -> Order | None:
    """The order of day and month that the receipt's own dates show."""
    return order_of([written for _, written in read.dates])


def _vector(  # noqa: PLR0913, PLR0917 - one argument per kind of evidence
    read: Evidence, places: list[tuple[int, WrittenDate]], day: date, latest: date, rank: int, count: int
) -> tuple[float, ...]:
    rows = [row for row, _ in places]
    near = {at for row in rows for at in (row - 1, row + 1) if 0 <= at < len(read.rows)}
    values = {
        "has_date_word": any("date" in read.kinds[row] for row in rows),
        "has_other_word": any("otherdate" in read.kinds[row] for row in rows),
        "has_time": any(time_in(read.rows[row].text) for row in rows),
        "time_near": any(time_in(read.rows[at].text) for at in near),
        "position": min(read.position(row) for row in rows),
        "occurrences": len(places),
        "is_first": rank == 0,
        "is_latest": day == latest,
        "candidates": min(count, 6),
        "is_start_of_row": any(written.start < 3 for _, written in places),  # noqa: PLR2004
        "confidence": max(read.rows[row].confidence for row in rows),
        "years_behind_latest": min((latest - day).days / 365, 20),
        "above_date_word": any("date" in read.kinds[row - 1] for row in rows if row),
        "rank_from_top": rank,
        **{f"form_{form}": any(written.form == form for _, written in places) for form in FORMS},
    }
    return tuple(float(values[name]) for name in FEATURES)
