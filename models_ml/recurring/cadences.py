"""How well each cadence explains the days of each candidate: likelihood of a phase with jitter, on arrays.

A cadence lays nominal days; a line is explained by the nearest one, the worse the further away (a discrete
Laplace distribution whose width each candidate chooses), against a day drawn anywhere in the period. Days
without a line, a second line in a slot, and lines between slots cost a fixed amount each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

from models_ml.recurring.days import (
    LAST_WORKING_DAY,
    Floats,
    Ints,
    distance,
    first_of,
    month_of,
    nominal_days,
)

Bools = npt.NDArray[np.bool_]
Unit = Literal["days", "months", "half_months", "gaps"]

#: Widths of the jitter that are tried: the share of probability that each further day keeps.
_WIDTHS = (0.03, 0.15, 0.4, 0.65, 0.8)
_WHILE_SEARCHING = 0.35
#: Nats that a day without a line, a second line in a slot, and a line between slots cost.
MISS_COST, EXTRA_COST, OFF_COST = 2.5, 2.5, 3.0
_HALF_MONTH = 15
_FEW_GAPS = 3
#: Days; a rhythm of its own is never taken for sharper, where a calendar explains the days it does.
_LEAST_SPREAD = 2.0
#: Nats a gap: of a calendar and a rhythm of its own that explain the days alike, the calendar is likelier.
_GAP_COST = 0.6
#: Of the usual gap: a line that comes sooner is one too many.
_EXTRA_GAP = 0.4


@dataclass(frozen=True, slots=True)
class Cadence:
    """A way of coming again. ``step`` counts ``unit``; tolerance and period are in days."""

    name: str
    unit: Unit
    step: int
    period: float
    tolerance: float
    cost: float = 0.0  # nats: how unusual it is


#: Average length of a month in days.
MONTH = 30.44
CADENCES = (
    Cadence("weekly", "days", 7, 7.0, 2.0, 1.5),
    Cadence("fortnightly", "days", 14, 14.0, 3.0, 1.5),
    Cadence("four_weekly", "days", 28, 28.0, 3.0, 2.5),
    Cadence("semi_monthly", "half_months", 1, MONTH / 2, 3.5, 2.5),
    Cadence("monthly", "months", 1, MONTH, 6.0),
    Cadence("last_working_day", "months", 1, MONTH, 4.0, 0.7),
    Cadence("bi_monthly", "months", 2, 2 * MONTH, 8.0, 2.0),
    Cadence("quarterly", "months", 3, 3 * MONTH, 9.0, 1.0),
    Cadence("half_yearly", "months", 6, 6 * MONTH, 12.0, 1.5),
    Cadence("yearly", "months", 12, 12 * MONTH, 14.0, 1.0),
    Cadence("irregular", "gaps", 1, MONTH, 1e9, 4.0),
)
BY_NAME = {cadence.name: cadence for cadence in CADENCES}


@dataclass(frozen=True)
class Lines:
    """The lines of all candidates, sorted by candidate (0 to n - 1, none empty) and day."""

    candidate: Ints
    day: Ints  # since 1970
    amount: Ints  # minor units, positive

    @cached_property
    def starts(self) -> Ints:
        """Where each candidate begins."""
        begins: Ints = np.flatnonzero(np.r_[True, np.diff(self.candidate) > 0]).astype(np.int64)
        return begins

    @cached_property
    def unusual(self) -> Floats:
        """How far each amount is from its candidate's middle one, in logs."""
        logs = np.log(self.amount)
        middle: Floats = np.abs(logs - _medians(self, logs)[self.candidate])
        return middle

    def sums(self, values: npt.NDArray[np.generic]) -> Floats:
        """Totals of a value per line, by candidate."""
        totals: Floats = np.add.reduceat(values.astype(np.float64), self.starts)
        return totals

    def picked(self, chosen: Bools) -> Lines:
        """Only these lines, their candidates numbered anew."""
        numbers = np.unique(self.candidate[chosen], return_inverse=True)[1].astype(np.int64)
        return Lines(numbers, self.day[chosen], self.amount[chosen])


@dataclass(frozen=True, slots=True)
class Fit:
    """One cadence for every candidate; the last three are per line."""

    cadence: Cadence
    likelihood: Floats  # log, over days drawn at random
    anchor: Ints  # day of the month, or of the period since 1970
    phase: Ints  # month of the period
    hits: Ints
    span: Ints  # slots from the first hit to the last
    jitter: Floats  # mean days off, of hits
    period: Floats
    slot: Ints
    off: Floats  # days from the nominal day
    is_hit: Bools


#: An anchor per candidate; the slot and the days off per line.
Placed = tuple[Ints, Ints, Floats]
_Off = Callable[[Ints], Floats]


def fit(lines: Lines, cadence: Cadence, months: Placed | None = None) -> Fit:
    """The best phase of one cadence for every candidate, and how likely its days are then.

    ``months`` is ``by_month(lines)`` where it is known already: five cadences share it.
    """
    if cadence.unit == "gaps":
        return _fit_gaps(lines, cadence)
    if cadence.unit == "days":
        anchor, slot, off = _by_days(lines, cadence.step)
    elif cadence.unit == "half_months":
        anchor, slot, off = _by_half_months(lines)
    elif cadence.name == "last_working_day":
        anchor = np.full(len(lines.starts), LAST_WORKING_DAY, dtype=np.int64)
        slot, off = _months(lines.day, anchor[lines.candidate])
    else:
        anchor, slot, off = by_month(lines) if months is None else months
    phase = np.zeros_like(anchor)
    if cadence.unit == "months" and cadence.step > 1:
        phase = _best_phase(lines, slot, off, cadence)
        wrong = (slot - phase[lines.candidate]) % cadence.step != 0
        off = np.where(wrong, cadence.period, off)
        slot = (slot - phase[lines.candidate]) // cadence.step
    return _judged(lines, cadence, anchor, phase, slot, off)


def by_month(lines: Lines) -> Placed:
    """The day of the month that explains each candidate best."""
    of_month = lines.day - first_of(month_of(lines.day)) + 1
    rough = _best(lines, range(1, LAST_WORKING_DAY), lambda day: _around(of_month - day, MONTH))
    anchor = _refined(lines, rough, LAST_WORKING_DAY - 1, lambda day: _months(lines.day, day)[1])
    return anchor, *_months(lines.day, anchor[lines.candidate])


def _by_half_months(lines: Lines) -> Placed:
    of_month = lines.day - first_of(month_of(lines.day)) + 1
    rough = _best(lines, range(1, _HALF_MONTH + 1), lambda day: _around(of_month - day, MONTH / 2))
    anchor = _refined(lines, rough, _HALF_MONTH, lambda day: _half_months(lines.day, day)[1])
    return anchor, *_half_months(lines.day, anchor[lines.candidate])


def _by_days(lines: Lines, step: int) -> Placed:
    anchor = _best(lines, range(step), lambda first: _around(lines.day - first, float(step)))
    return anchor, *_steps(lines.day, anchor[lines.candidate], step)


def _around(ahead: Ints, period: float) -> Floats:
    """How far from a multiple of the period."""
    past: Floats = np.abs(ahead) % period
    return np.minimum(past, period - past)


def _best(lines: Lines, choices: range, off_of: Callable[[int], Floats]) -> Ints:
    """The choice whose days are likeliest, per candidate."""
    best = np.full(len(lines.starts), -np.inf)
    anchor = np.zeros(len(best), dtype=np.int64)
    for choice in choices:
        likelihood = lines.sums(_worth(off_of(choice)))
        better = likelihood > best
        best[better], anchor[better] = likelihood[better], choice
    return anchor


def _refined(lines: Lines, rough: Ints, most: int, off_of: _Off) -> Ints:
    """The best of the days about a rough one, weekends now reckoned with."""
    best = np.full(len(rough), -np.inf)
    anchor = rough.copy()
    for change in (0, -1, -2, -3, 1, 2, 3):
        choice = np.clip(rough + change, 1, most)
        likelihood = lines.sums(_worth(off_of(choice[lines.candidate])))
        better = likelihood > best + 1e-9
        best[better], anchor[better] = likelihood[better], choice[better]
    return anchor


def _worth(off: Floats) -> Floats:
    worth: Floats = np.maximum(off * np.log(_WHILE_SEARCHING), -8.0)
    return worth


def _steps(day: Ints, anchor: Ints | int, step: int) -> tuple[Ints, Floats]:
    slot = (day - anchor + step // 2) // step
    return slot, np.abs(day - anchor - slot * step).astype(np.float64)


def _months(day: Ints, anchor: Ints | int) -> tuple[Ints, Floats]:
    """The month whose nominal day is nearest, and how near."""
    month = month_of(day)
    nominal = nominal_days(month, anchor)
    ahead = day - nominal
    slot = month + np.where(ahead > _HALF_MONTH, 1, np.where(ahead < -_HALF_MONTH, -1, 0))
    return slot, distance(day, nominal_days(slot, anchor))


def _half_months(day: Ints, anchor: Ints | int) -> tuple[Ints, Floats]:
    """Day N and 15 days after, or the 15th and the last of the month."""
    second = np.asarray(anchor) + _HALF_MONTH
    second = np.where(second == 2 * _HALF_MONTH, LAST_WORKING_DAY - 1, second)
    (early, off_early), (late, off_late) = _months(day, anchor), _months(day, second.astype(np.int64))
    is_late = off_late < off_early
    return np.where(is_late, 2 * late + 1, 2 * early), np.minimum(off_early, off_late)


def _best_phase(lines: Lines, month: Ints, off: Floats, cadence: Cadence) -> Ints:
    """The month of the period in which most lines fall."""
    counts = np.zeros((len(lines.starts), cadence.step))
    near = off <= cadence.tolerance
    np.add.at(counts, (lines.candidate[near], month[near] % cadence.step), 1.0)
    phase: Ints = counts.argmax(axis=1).astype(np.int64)
    return phase


def _judged(  # noqa: PLR0917, PLR0913 - what a fit is made of
    lines: Lines, cadence: Cadence, anchor: Ints, phase: Ints, slot: Ints, off: Floats
) -> Fit:
    is_hit = _hits(lines, slot, off, cadence.tolerance)
    near = off <= cadence.tolerance
    hits = lines.sums(is_hit)
    extra = lines.sums(near & ~is_hit)
    between = lines.sums(~near)
    high = np.maximum.reduceat(np.where(is_hit, slot, np.iinfo(np.int64).min), lines.starts)
    low = np.minimum.reduceat(np.where(is_hit, slot, np.iinfo(np.int64).max), lines.starts)
    span = np.where(hits > 0, high - low + 1, 1)
    total_off = lines.sums(np.where(is_hit, off, 0.0))
    jitter = total_off / np.maximum(hits, 1)
    likelihood = np.full(len(hits), -np.inf)
    for width in _WIDTHS:
        fitted = hits * (np.log((1 - width) / (1 + width)) + np.log(cadence.period))
        likelihood = np.maximum(likelihood, fitted + total_off * np.log(width))
    likelihood -= MISS_COST * (span - hits) + EXTRA_COST * extra + OFF_COST * between + cadence.cost
    likelihood -= np.log(cadence.period)  # the first one may fall on any day
    return Fit(
        cadence,
        np.where(hits >= 2, likelihood, -np.inf),  # noqa: PLR2004 - one line has no rhythm
        anchor,
        phase,
        hits.astype(np.int64),
        span.astype(np.int64),
        jitter,
        np.full(len(hits), cadence.period),
        slot,
        off,
        is_hit,
    )


def _hits(lines: Lines, slot: Ints, off: Floats, tolerance: float) -> Bools:
    """Of each slot the one line that is nearest in day and usual in amount."""
    cost = off / max(tolerance, 1.0) + 2.0 * lines.unusual
    cost = np.where(off <= tolerance, cost, np.inf)
    order = np.lexsort((cost, slot, lines.candidate))
    is_first = np.r_[
        True, (np.diff(lines.candidate[order]) != 0) | (np.diff(slot[order]) != 0)
    ] & np.isfinite(cost[order])
    hit = np.zeros(len(order), dtype=np.bool_)
    hit[order[is_first]] = True
    return hit


def _medians(lines: Lines, values: Floats) -> Floats:
    """The middle value of each candidate."""
    order = np.lexsort((values, lines.candidate))
    sizes = np.diff(np.r_[lines.starts, len(values)])
    medians: Floats = values[order][lines.starts + (sizes - 1) // 2]
    return medians


def _fit_gaps(lines: Lines, cadence: Cadence) -> Fit:
    """A rhythm of its own: gaps of about one length (normal) against gaps of any (exponential).

    A gap of about twice the usual is a day without a line; a much shorter one is a line too many.
    """
    gap = np.diff(lines.day, prepend=0).astype(np.float64)
    within = np.ones(len(gap), dtype=np.bool_)
    within[lines.starts] = False
    counts = lines.sums(within)
    usual = np.maximum(_usual_gap(lines, gap, within), 1.0)
    slots = np.maximum(np.round(gap / usual[lines.candidate]), 1.0)
    is_extra = within & (gap < _EXTRA_GAP * usual[lines.candidate])
    counted = within & ~is_extra
    usable = np.maximum(lines.sums(counted), 1.0)
    ahead = np.where(counted, gap - slots * usual[lines.candidate], 0.0)
    spread = np.sqrt(lines.sums(ahead**2) / usable)
    missed = lines.sums(np.where(counted, slots - 1.0, 0.0))
    extra = lines.sums(is_extra)
    width = np.maximum(spread, _LEAST_SPREAD)
    normal = -usable * (np.log(width) + 0.5 * np.log(2 * np.pi)) - 0.5 * usable * (spread / width) ** 2
    likelihood = normal + usable * (np.log(usual) + 1.0 - _GAP_COST) - cadence.cost
    likelihood -= MISS_COST * missed + EXTRA_COST * extra
    enough = (counts >= _FEW_GAPS) & (usual >= 5.0) & (usual <= 200.0)  # noqa: PLR2004 - days
    is_hit = ~is_extra
    hits = lines.sums(is_hit)
    number = np.cumsum(np.where(counted, slots, 0.0))
    return Fit(
        cadence,
        np.where(enough, likelihood, -np.inf),
        np.zeros(len(counts), dtype=np.int64),
        np.zeros(len(counts), dtype=np.int64),
        hits.astype(np.int64),
        (hits + missed).astype(np.int64),
        spread,
        usual,
        (number - number[lines.starts][lines.candidate]).astype(np.int64),
        np.abs(ahead),
        is_hit,
    )


def _usual_gap(lines: Lines, gap: Floats, within: Bools) -> Floats:
    """The middle gap of each candidate, 0 where it has none."""
    candidate, values = lines.candidate[within], gap[within]
    order = np.lexsort((values, candidate))
    counts = np.bincount(candidate, minlength=len(lines.starts))
    first = np.cumsum(counts) - counts
    middle = np.minimum(first + (counts - 1) // 2, max(len(values) - 1, 0))
    usual = values[order][np.maximum(middle, 0)] if len(values) else np.zeros(len(counts))
    return np.where(counts > 0, usual, 0.0)


def best_fit(lines: Lines) -> tuple[Fit, npt.NDArray[np.str_]]:
    """The likeliest cadence of every candidate: one fit of rows from different cadences, and their names."""
    months = by_month(lines)
    best = fit(lines, CADENCES[0])
    names = np.full(len(best.likelihood), CADENCES[0].name, dtype="U16")
    for cadence in CADENCES[1:]:
        other = fit(lines, cadence, months)
        better = other.likelihood > best.likelihood
        best = _merged(best, other, better, better[lines.candidate])
        names[better] = cadence.name
    return best, names


def _merged(one: Fit, other: Fit, better: Bools, better_lines: Bools) -> Fit:
    per_candidate = ("likelihood", "anchor", "phase", "hits", "span", "jitter", "period")
    per_line = ("slot", "off", "is_hit")
    changed = {
        name: np.where(mask, getattr(other, name), getattr(one, name))
        for names, mask in ((per_candidate, better), (per_line, better_lines))
        for name in names
    }
    return replace(one, **changed)
