"""What a history says of the days ahead: a base path, the size of its own errors, and what bears on them.

Everything is relative to the person's own amounts, so that one model serves a student and a surgeon, yen
and dinars. Of each horizon h (1..90) the sum over the first h days ahead is described, and of single days
the day itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from models_ml.forecaster.history import Floats, History

#: Days ahead.
HORIZON = 90
#: Months whose same days are looked at, newest first.
ANALOGUES = 4
#: Half of a day's weight is gone after so many days, in the profiles by day of the month and week.
HALF_LIFE_DAYS = 120.0
#: Windows whose sums are looked up in the past; between them is interpolated.
WINDOWS = (1, 3, 7, 14, 30, 60, 90)
QUANTILES = (0.1, 0.5, 0.9)
TARGETS = ("balance", "spent", "day")
#: A day counts for its neighbours as well: bills move by weekends.
_NEIGHBOURS = (0.1, 0.2, 0.4, 0.2, 0.1)
_MONTH = 30.4375
#: Days that the overall rate counts for, against what the same days of the month had.
_PRIOR_DAYS = 1.0
_FLOOR = 1e-9
_SATURDAY = 5
#: The last days of a month are counted from its end.
_END_DAYS = 5
_FEWEST_INFLOWS = 3
#: Share of the spread of all money that errors have at least, however regular it was.
_RHYTHM_BREAKS = 0.4
#: Days by which a bill usually comes early or late.
_DUE_NEAR = 2

NAMES = (
    "horizon", "log_horizon", "end_weekday", "end_day", "days_to_month_end", "weekend_share",
    "start_day", "log_days_known", "idle_days", "zero_share", "busy_share",
    "rate_30", "rate_90", "rate_all", "analogue_1", "analogue_2", "analogue_3", "analogue_4",
    "analogue_spread", "by_weekday", "past_10", "past_50", "past_90",
    "last_7", "last_30", "trend", "balance", "inflow_expected", "since_inflow", "inflow_regularity",
    "base", "sigma_ratio", "months_agree", "lumpiness", "due", "due_near", "due_share",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Outlook:
    """Features (horizons x NAMES) with the base and unit that turn a model's answer into money.

    ``size`` is how much usually moves in that time, in units: what errors of people are held against.
    """

    rows: npt.NDArray[np.float32]
    base: Floats
    unit: Floats
    size: Floats


def outlooks(history: History) -> dict[str, Outlook]:
    """The outlook of each target from the end of a history of at least one day.

    Sums are those of what has no rhythm, with what is due added to their base. A single day is told whole:
    a bill that is due on it may come a day later, which the trees weigh.
    """
    calendar, known = _Calendar.after(history), history.known(HORIZON)
    turnover = float(np.abs(history.flow).mean())
    rest = replace(history, spent=history.spent - known.past_spent, flow=history.flow - known.past_flow)
    return {
        "balance": _outlook(rest, rest.flow, history.flow, calendar, known.ahead_flow, turnover),
        "spent": _outlook(rest, rest.spent, history.spent, calendar, known.ahead_spent, turnover),
        "day": _outlook(history, history.spent, None, calendar, known.ahead_spent, turnover),
    }


def same_days(history: History) -> npt.NDArray[np.int64]:
    """For each day ahead the same day of past months (ANALOGUES x HORIZON), as an index; below 0: unknown."""
    first = np.datetime64(history.first_day, "D")
    return _same_days(first, history.days, first + history.days + np.arange(HORIZON))


def answers(history: History, days: int) -> dict[str, Floats]:
    """What came true after the first ``days`` days, by horizon, as far as it is known."""
    flow, spent = history.flow[days : days + HORIZON], history.spent[days : days + HORIZON]
    return {"balance": np.cumsum(flow), "spent": np.cumsum(spent), "day": spent}


@dataclass(frozen=True, slots=True)
class _Calendar:
    """The days ahead, and for each the same day of earlier months as an index into the history."""

    weekday: npt.NDArray[np.int64]
    day: npt.NDArray[np.int64]
    to_month_end: npt.NDArray[np.int64]
    start_day: int
    past_weekday: npt.NDArray[np.int64]
    past_day: npt.NDArray[np.int64]
    past_to_end: npt.NDArray[np.int64]
    same_days: npt.NDArray[np.int64]  # analogues x horizons; negative where the history is too short

    @classmethod
    def after(cls, history: History) -> _Calendar:
        first = np.datetime64(history.first_day, "D")
        past = first + np.arange(history.days)
        ahead = first + history.days + np.arange(HORIZON)
        past_day, past_to_end = _month_places(past)
        day, to_end = _month_places(ahead)
        return cls(
            weekday=_weekdays(ahead),
            day=day,
            to_month_end=to_end,
            start_day=int(past_day[-1]),
            past_weekday=_weekdays(past),
            past_day=past_day,
            past_to_end=past_to_end,
            same_days=_same_days(first, history.days, ahead),
        )


def _weekdays(days: npt.NDArray[np.datetime64]) -> npt.NDArray[np.int64]:
    """0 is Monday."""
    return (days.astype(np.int64) + 3) % 7


def _month_places(
    days: npt.NDArray[np.datetime64],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    months = days.astype("datetime64[M]")
    place = (days - months.astype("datetime64[D]")).astype(np.int64)
    length = ((months + 1).astype("datetime64[D]") - months.astype("datetime64[D]")).astype(np.int64)
    return place + 1, length - place - 1


def _same_days(first: np.datetime64, known: int, ahead: npt.NDArray[np.datetime64]) -> npt.NDArray[np.int64]:
    months = ahead.astype("datetime64[M]")
    place = (ahead - months.astype("datetime64[D]")).astype(np.int64)
    last = first + known - 1
    back = np.ones(len(ahead), dtype=np.int64)
    for _ in range(4):  # the nearest month whose same day is past
        earlier = _clamped(months - back, place)
        back = np.where(earlier > last, back + 1, back)
    return np.array(
        [(_clamped(months - back - step, place) - first).astype(np.int64) for step in range(ANALOGUES)]
    )


def _clamped(
    months: Any,  # noqa: ANN401 - datetime64 of months, which the stubs take for numbers
    place: npt.NDArray[np.int64],
) -> npt.NDArray[np.datetime64]:
    starts = months.astype("datetime64[D]")
    length = ((months + 1).astype("datetime64[D]") - starts).astype(np.int64)
    clamped: npt.NDArray[np.datetime64] = starts + np.minimum(place, length - 1)
    return clamped


def _outlook(  # noqa: PLR0913, PLR0917 - sums without and with what has a rhythm (None: single days)
    history: History,
    values: Floats,
    whole: Floats | None,
    calendar: _Calendar,
    ahead: Floats,
    turnover: float,
) -> Outlook:
    is_cumulative = whole is not None
    known = len(values)
    steps = np.arange(1, HORIZON + 1, dtype=np.float64)
    gather = np.cumsum if is_cumulative else _unchanged
    rate = _rate(values, known)
    profile = _profile(values, calendar, rate)
    base = gather(profile)
    sums = _past_sums(values) if is_cumulative else _past_days(values)
    floor = 0.5 * float(np.abs(history.flow).mean())
    unit = _unit(sums, values, steps, floor, is_cumulative=is_cumulative)
    if whole is not None:
        # Whose money is all rhythm is not forecast without error: a rhythm breaks now and then.
        unit = np.hypot(
            unit, _RHYTHM_BREAKS * _unit(_past_sums(whole), whole, steps, floor, is_cumulative=True)
        )
    analogues = _analogues(values, calendar, profile)
    paths = np.array([gather(path) for path in analogues])
    by_weekday = gather(_by_weekday(values, calendar))
    inflow, since, regularity = _inflows(history.flow)
    is_balance = values is history.flow
    span = steps if is_cumulative else np.ones(HORIZON)
    size = max(float(np.abs(values[-365:]).mean()), floor, _FLOOR) * _MONTH
    zero_share = float((values[-90:] == 0).mean())
    last = np.nonzero(history.flow)[0]
    idle = known - 1 - int(last[-1]) if len(last) else known
    columns = [
        steps,
        np.log(steps),
        calendar.weekday.astype(np.float64),
        calendar.day.astype(np.float64),
        calendar.to_month_end.astype(np.float64),
        gather((calendar.weekday >= _SATURDAY).astype(np.float64)) / span,
        np.full(HORIZON, float(calendar.start_day)),
        np.full(HORIZON, np.log(known)),
        np.full(HORIZON, float(min(idle, 120))),
        np.full(HORIZON, zero_share),
        np.full(HORIZON, float((history.flow[-90:] != 0).mean())),
        (_rate(values, 30) * span - base) / unit,
        (_rate(values, 90) * span - base) / unit,
        (rate * span - base) / unit,
        *((path - base) / unit for path in paths),
        paths.std(axis=0) / unit,
        (by_weekday - base) / unit,
        *((_between(sums, level, steps) - base) / unit for level in range(3)),
        np.full(HORIZON, float(values[-7:].sum())) / size,
        np.full(HORIZON, float(values[-30:].sum())) / size,
        np.full(HORIZON, (_rate(values, 30) - rate) * _MONTH / size),
        np.full(HORIZON, _relative_balance(history, size)),
        (gather(inflow) - base) / unit if is_cumulative and is_balance else np.zeros(HORIZON),
        np.full(HORIZON, since),
        np.full(HORIZON, regularity),
        base / unit,
        unit / size,
        np.full(HORIZON, _months_agree(values)),
        np.full(HORIZON, float(np.abs(values[-365:]).max()) / size),
        *_due_columns(gather(ahead), ahead, base, unit),
    ]
    due = gather(ahead) if is_cumulative else np.zeros(HORIZON)
    moved = turnover * (np.sqrt(steps) if is_cumulative else np.ones(HORIZON))
    return Outlook(np.array(columns, dtype=np.float32).T, base + due, unit, moved / unit)


def _due_columns(due: Floats, ahead: Floats, base: Floats, unit: Floats) -> list[Floats]:
    """What is due: so far in units, within two days before and after, and against everything that comes."""
    near = np.convolve(np.pad(ahead, _DUE_NEAR, mode="edge"), np.ones(2 * _DUE_NEAR + 1), "valid")
    share = np.abs(due) / np.maximum(np.abs(due) + np.abs(base), _FLOOR)
    return [due / unit, near / unit, share]


def _relative_balance(history: History, size: float) -> float:
    return 0.0 if history.balance is None else float(np.clip(history.balance / size, -50, 50))


def _unchanged(values: Floats) -> Floats:
    return values


def _rate(values: Floats, days: int) -> float:
    """A day's mean over the last days, drawn a little towards that of all days."""
    part = values[-days:]
    return float(part.sum() + values.mean() * 7) / (len(part) + 7)


def _profile(values: Floats, calendar: _Calendar, rate: float) -> Floats:
    """What each day ahead usually has, by its place in the month counted from both ends."""
    age = np.arange(len(values))[::-1]
    weight = np.exp2(-age / HALF_LIFE_DAYS)
    by_day = _smoothed(values, weight, calendar.past_day - 1, rate)[calendar.day - 1]
    by_end = _smoothed(values, weight, np.minimum(calendar.past_to_end, 30), rate)[
        np.minimum(calendar.to_month_end, 30)
    ]
    near_end = calendar.to_month_end < _END_DAYS
    mean: Floats = np.where(near_end, by_end, by_day)
    return mean


def _smoothed(values: Floats, weight: Floats, place: npt.NDArray[np.int64], rate: float) -> Floats:
    total = np.bincount(place, weight * values, minlength=31)
    seen = np.bincount(place, weight, minlength=31)
    near_total, near_seen = (
        np.convolve(np.pad(each, 2, mode="wrap"), _NEIGHBOURS, "valid") for each in (total, seen)
    )
    smooth: Floats = (near_total + rate * _PRIOR_DAYS) / (near_seen + _PRIOR_DAYS)
    return smooth


def _by_weekday(values: Floats, calendar: _Calendar) -> Floats:
    age = np.arange(len(values))[::-1]
    weight = np.exp2(-age / 60.0)
    total = np.bincount(calendar.past_weekday, weight * values, minlength=7)
    seen = np.bincount(calendar.past_weekday, weight, minlength=7)
    mean: Floats = ((total + values.mean()) / (seen + 1.0))[calendar.weekday]
    return mean


def _analogues(values: Floats, calendar: _Calendar, profile: Floats) -> Floats:
    """The same days of earlier months; the profile where the history does not reach so far."""
    index = np.clip(calendar.same_days, 0, len(values) - 1)
    return np.where(calendar.same_days >= 0, values[index], profile)


def _past_sums(values: Floats) -> Floats:
    """Quantiles (windows x QUANTILES, then the deviation) of sums over past windows of each length."""
    total = np.concatenate([[0.0], np.cumsum(values)])
    rows = []
    for window in WINDOWS:
        if len(values) >= 2 * window or window == 1:
            sums = total[window:] - total[:-window]
            rows.append([*np.quantile(sums, QUANTILES), sums.std()])
        else:  # too few of them: as if days were independent
            mean, spread = rows[-1][1] / WINDOWS[len(rows) - 1], rows[-1][3]
            spread *= float(np.sqrt(window / WINDOWS[len(rows) - 1]))
            middle = mean * window
            rows.append([middle - 1.28 * spread, middle, middle + 1.28 * spread, spread])
    return np.array(rows)


def _past_days(values: Floats) -> Floats:
    row = [*np.quantile(values[-180:], QUANTILES), values.std()]
    return np.array([row] * len(WINDOWS))


def _between(sums: Floats, column: int, steps: Floats) -> Floats:
    return np.interp(steps, WINDOWS, sums[:, column])


def _unit(sums: Floats, values: Floats, steps: Floats, floor: float, *, is_cumulative: bool) -> Floats:
    """The size of errors: the deviation of past sums, never below what independent days would give."""
    deviation = float(values.std())
    grain = max(float(np.abs(values).mean()), deviation * 0.5, floor, _FLOOR)
    if not is_cumulative:
        return np.full(HORIZON, max(grain, deviation))
    independent = grain * np.sqrt(steps)
    unit: Floats = np.maximum(_between(sums, 3, steps), 0.5 * independent)
    return unit


def _inflows(flow: Floats) -> tuple[Floats, float, float]:
    """Large inflows as a rhythm: what is expected on the days ahead, days since the last, regularity."""
    inflow = np.clip(flow, 0, None)
    expected = np.zeros(HORIZON)
    monthly = inflow[-180:].mean() * _MONTH
    days = np.nonzero(inflow > 0.2 * monthly)[0] if monthly > 0 else np.zeros(0, dtype=np.int64)
    if len(days) < _FEWEST_INFLOWS:
        return expected, float(min(len(flow), 120)), 0.0
    gaps = np.diff(days[-13:])
    gap = max(int(np.median(gaps)), 1)
    amount = float(np.median(inflow[days[-6:]]))
    coming = np.arange(days[-1] + gap, len(flow) + HORIZON, gap) - len(flow)
    expected[coming[(coming >= 0) & (coming < HORIZON)]] = amount
    regular = 1.0 / (1.0 + float(np.std(gaps)) / gap)
    return expected, float(min(len(flow) - 1 - days[-1], 120)), regular


def _months_agree(values: Floats) -> float:
    """How alike the months are by their course: correlation of one month's days with the next one's."""
    if len(values) < HORIZON:
        return 0.0
    smooth = np.convolve(values[-365:], np.ones(5) / 5, "valid")
    early, late = smooth[:-30], smooth[30:]
    if early.std() == 0 or late.std() == 0:
        return 0.0
    return float(np.corrcoef(early, late)[0, 1])


def days_ahead(history: History) -> list[date]:
    """The days that are forecast."""
    return [history.last_day + timedelta(days=step) for step in range(1, HORIZON + 1)]
