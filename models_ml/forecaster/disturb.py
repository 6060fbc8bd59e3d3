"""Lives that the generator does not draw: other habits made of a generated history.

A model that saw only tidy card users fails the person who lives on cash, is paid irregularly, has one of
their accounts here, or stopped using the bank for a month.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from models_ml.forecaster.history import Floats, History
from models_ml.forecaster.scheduled import Series

#: Shares of the ways to disturb; more than one may happen to a history.
_CASH, _LUMPY_INCOME, _GAP, _SHORT, _SWINGS, _SPARSE, _YOUNG = 0.35, 0.35, 0.15, 0.35, 0.4, 0.3, 0.3
_TURNS, _ONE_OFFS = 0.5, 0.5
_UNKNOWN_SERIES = 0.4
#: Shares of the series that are lived otherwise than they were drawn.
_ENDS, _BEGINS, _STAYS_AWAY, _MOVES, _VARIES = 0.3, 0.3, 0.3, 0.3, 0.3
#: Days of a history that may be cut.
_LONG = 240


def disturbed(history: History, dice: np.random.Generator) -> History:
    """The same person with other habits, at random; flows and spending stay consistent.

    Of half of the people nobody knows what comes again; of the others the rest of their money changes.
    """
    if dice.random() < _UNKNOWN_SERIES:
        history = replace(history, series=())
    known = history.known(0)
    spent, flow = history.spent - known.past_spent, history.flow - known.past_flow
    history = replace(history, series=_loosened(history, dice))
    known = history.known(0)
    spent, flow = _other_habits(spent, flow, dice)
    changed = replace(history, spent=spent + known.past_spent, flow=flow + known.past_flow)
    if dice.random() < _SHORT and history.days > _LONG:
        changed = changed.since(int(dice.integers(0, history.days - 180)))
    if dice.random() < _YOUNG:
        changed = _young(replace(changed, series=()), dice)
    return changed


def _other_habits(spent: Floats, flow: Floats, dice: np.random.Generator) -> tuple[Floats, Floats]:
    if dice.random() < _SPARSE:
        spent, flow = _only_large(spent, flow, dice)
    if dice.random() < _TURNS:
        spent, flow = _turns(spent, flow, dice)
    if dice.random() < _ONE_OFFS:
        spent, flow = _one_offs(spent, flow, dice)
    if dice.random() < _CASH:
        spent, flow = _by_cash(spent, flow, dice)
    if dice.random() < _LUMPY_INCOME:
        flow = _moved_income(flow, dice)
    if dice.random() < _SWINGS:
        spent, flow = _swings(spent, flow, dice)
    if dice.random() < _GAP:
        spent, flow = _gap(spent, flow, dice)
    return spent, flow


def _loosened(history: History, dice: np.random.Generator) -> tuple[Series, ...]:
    """Series as they are lived: some end, stay away, come on other days, or cost something else."""
    loosened = []
    for each in history.series:
        kept = np.ones(len(each.days), dtype=np.bool_)
        days, amounts = each.days, each.amounts
        if dice.random() < _ENDS:
            kept &= days < dice.integers(0, history.days)
        if dice.random() < _BEGINS:
            kept &= days >= dice.integers(0, history.days)
        if dice.random() < _STAYS_AWAY:
            kept &= dice.random(len(days)) > dice.uniform(0, 0.3)
        if dice.random() < _MOVES:
            days = days + np.round(dice.normal(0, dice.uniform(0, 4), len(days))).astype(np.int64)
        if dice.random() < _VARIES:
            amounts = amounts * dice.lognormal(0, dice.uniform(0, 0.4), len(days))
        kept &= (days >= 0) & (days < history.days)
        order = np.argsort(days[kept], kind="stable")
        loosened.append(replace(each, days=days[kept][order], amounts=amounts[kept][order]))
    return tuple(loosened)


def _young(history: History, dice: np.random.Generator) -> History:
    """An account that was just opened: money comes first, the habits move in over some months."""
    days = np.arange(history.days)
    begun = np.clip((days - dice.uniform(0, 60)) / dice.uniform(1, 120), 0.0, 1.0)
    unseen = history.spent * (1 - begun)
    income = np.where(
        history.flow > 0, history.flow * (1 - np.clip(days / dice.uniform(1, 60), 0.0, 1.0)), 0.0
    )
    return replace(history, spent=history.spent - unseen, flow=history.flow + unseen - income)


def _turns(spent: Floats, flow: Floats, dice: np.random.Generator) -> tuple[Floats, Floats]:
    """Life changes once or twice: a move, a child, another job; levels stay where they went."""
    spent, flow = spent.copy(), flow.copy()
    for _ in range(int(dice.integers(1, 3))):
        day = int(dice.integers(0, len(spent)))
        more = spent[day:] * (dice.lognormal(0.0, 0.3) - 1)
        earned = np.clip(flow[day:], 0, None) * (dice.lognormal(0.0, 0.2) - 1)
        spent[day:] += more
        flow[day:] += earned - more
    return spent, flow


def _one_offs(spent: Floats, flow: Floats, dice: np.random.Generator) -> tuple[Floats, Floats]:
    """A few things that cost weeks of spending: a repair, a course, a holiday paid in parts."""
    spent, flow = spent.copy(), flow.copy()
    month = max(float(np.clip(spent, 0, None).mean()) * 30, 1.0)
    for _ in range(int(dice.poisson(len(spent) / 120))):
        day, parts = int(dice.integers(0, len(spent))), int(dice.integers(1, 6))
        cost = month * dice.lognormal(-0.7, 0.8) / parts
        for part in range(parts):
            there = min(day + part * int(dice.integers(1, 15)), len(spent) - 1)
            spent[there] += cost
            flow[there] -= cost
    return spent, flow


def _only_large(spent: Floats, flow: Floats, dice: np.random.Generator) -> tuple[Floats, Floats]:
    """Small days are not seen here: another bank, or cash."""
    positive = spent[spent > 0]
    if not len(positive):
        return spent, flow
    limit = np.quantile(positive, dice.uniform(0.3, 0.9))
    hidden = np.where((spent > 0) & (spent < limit), spent, 0.0)
    return spent - hidden, flow + hidden


def _by_cash(spent: Floats, flow: Floats, dice: np.random.Generator) -> tuple[Floats, Floats]:
    """Small spending is drawn as cash, in round sums every so many days."""
    positive = spent[spent > 0]
    if not len(positive):
        return spent, flow
    limit = np.quantile(positive, dice.uniform(0.7, 0.98))
    small = np.where((spent > 0) & (spent < limit), spent, 0.0)
    drawn = np.zeros_like(small)
    mean_gap, day = dice.uniform(3, 25), 0
    while day < len(small):
        until = day + 1 + int(dice.gamma(3.0, mean_gap / 3.0))
        drawn[day] += small[day:until].sum() * dice.lognormal(-0.05, 0.3)
        day = until
    return spent - small + drawn, flow + small - drawn


def _moved_income(flow: Floats, dice: np.random.Generator) -> Floats:
    """Large inflows come on other days, in parts, of varying size."""
    moved = flow.copy()
    inflow = np.clip(flow, 0, None)
    if not inflow.any():
        return moved
    large = np.nonzero(inflow > 0.5 * inflow[inflow > 0].mean())[0]
    jitter, parts, size = dice.uniform(0, 12), int(dice.integers(1, 4)), dice.uniform(0, 0.6)
    for day in large:
        amount = inflow[day] * dice.lognormal(-(size**2) / 2, size)
        moved[day] -= inflow[day]
        for _ in range(parts):
            there = int(np.clip(day + dice.normal(0, jitter), 0, len(flow) - 1))
            moved[there] += amount / parts
    return moved


def _swings(spent: Floats, flow: Floats, dice: np.random.Generator) -> tuple[Floats, Floats]:
    """Money comes in at odd times and leaves again after some days, whole or in part."""
    spent, flow = spent.copy(), flow.copy()
    size = max(float(np.abs(flow).mean()) * 30, 1.0) * dice.uniform(0.2, 1.5)
    every = dice.uniform(10, 90)
    delay, varied = dice.uniform(2, 40), dice.uniform(0.1, 0.8)
    day = float(dice.exponential(every))
    while day < len(flow):
        amount = size * dice.lognormal(0, varied)
        flow[int(day)] += amount
        out = int(day + 1 + dice.exponential(delay))
        if out < len(flow):
            leaving = amount * dice.uniform(0.6, 1.1)
            flow[out] -= leaving
            spent[out] += leaving
        day += 1 + dice.exponential(every)
    return spent, flow


def _gap(spent: Floats, flow: Floats, dice: np.random.Generator) -> tuple[Floats, Floats]:
    """Some weeks are missing: the statement was never imported."""
    spent, flow = spent.copy(), flow.copy()
    start = int(dice.integers(0, max(len(spent) - 20, 1)))
    until = start + int(dice.integers(10, 60))
    spent[start:until], flow[start:until] = 0.0, 0.0
    return spent, flow
