"""A calendar of a month from a few numbers, before anything is known of somebody: pure arithmetic."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from warehouse.money import Money, allocate

#: Weights are fractions with as many decimals; as integers they can be shared out exactly.
WEIGHT_SCALE = 1_000_000


def month_shell(
    year: int, month: int, flexible: Money, weights: Mapping[str, Decimal]
) -> list[dict[str, Any]]:
    """One entry per day of the month; the days and their categories sum to what is flexible, exactly."""
    days = monthrange(year, month)[1]
    scaled = [int(weight * WEIGHT_SCALE) for weight in weights.values()]
    if sum(scaled) <= 0:
        weights, scaled = {"other": Decimal(1)}, [1]
    by_category = dict(zip(weights, allocate(flexible.minor, scaled), strict=True))
    by_day = {name: allocate(minor, [1] * days) for name, minor in by_category.items()}
    return [_day(date(year, month, n + 1), n, by_day, flexible.currency) for n in range(days)]


def _day(day: date, number: int, by_day: Mapping[str, list[int]], currency: str) -> dict[str, Any]:
    planned = {name: _major(minor[number], currency) for name, minor in by_day.items()}
    limit = _major(sum(minor[number] for minor in by_day.values()), currency)
    return {
        "date": day.isoformat(),
        "day": day.day,
        "limit": limit,
        "spent": 0,
        "total": 0,
        "status": "pending",
        "planned_budget": {
            name: {"planned": amount, "spent": 0, "status": "green"} for name, amount in planned.items()
        },
    }


def balanced(calendar: Mapping[str, tuple[Decimal, Decimal]], decimals: int) -> dict[str, Decimal]:
    """New limits of days given as (total, limit): days over their limit are covered by days under it.

    The limits sum to what they summed to; days with more left give more.
    """
    scale = Decimal(10) ** decimals
    room = {day: int((limit - total) * scale) for day, (total, limit) in calendar.items()}
    deficit = -sum(left for left in room.values() if left < 0)
    surplus = sum(left for left in room.values() if left > 0)
    moved = min(deficit, surplus)
    if moved == 0:
        return {day: limit for day, (_, limit) in calendar.items()}
    takes = dict(zip(room, allocate(moved, [max(-left, 0) for left in room.values()]), strict=True))
    gives = dict(zip(room, allocate(moved, [max(left, 0) for left in room.values()]), strict=True))
    return {day: limit + Decimal(takes[day] - gives[day]) / scale for day, (_, limit) in calendar.items()}


def _major(minor: int, currency: str) -> float:
    return float(Money(minor, currency).decimal)
