"""What is known to come: on its day, for its sum, until it is over; no future in a backtest."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models_ml.forecaster.features import HORIZON, outlooks
from models_ml.forecaster.history import History
from models_ml.forecaster.scheduled import Due, Series

FIRST = date(2025, 1, 1)
#: Rent on the fifth of each month: 1 January is day 0.
RENTS = np.array([4, 35, 63, 94, 124, 155], dtype=np.int64)


def rent(days: np.ndarray = RENTS, amount: float = -80_000.0) -> Series:
    return Series(days, np.full(len(days), amount), is_spent=True)


def history(size: int = 170, *series: Series, dues: tuple[Due, ...] = ()) -> History:
    """Twenty a day, and what the series bring."""
    spent = np.full(size, 2_000.0)
    flow = -spent
    for each in series:
        np.add.at(flow, each.days, each.amounts)
        np.add.at(spent, each.days, -each.amounts)
    return History("u", FIRST, spent, flow, 1e6, series, dues)


def due_days(known: History) -> list[int]:
    return np.flatnonzero(known.known(HORIZON).ahead_spent).tolist()


def test_a_monthly_bill_is_due_on_its_day_of_the_month() -> None:
    # 20 June is the first day ahead: 5 July, 5 August, 5 September.
    assert due_days(history(170, rent())) == [15, 46, 77]


def test_what_is_left_is_what_has_no_rhythm() -> None:
    lived = history(170, rent())
    known = lived.known(HORIZON)
    assert (lived.spent - known.past_spent == 2_000).all()
    assert (lived.flow - known.past_flow == -2_000).all()


def test_a_bill_that_stopped_coming_is_over_and_one_that_is_late_comes_tomorrow() -> None:
    assert due_days(history(230, rent())) == []
    assert due_days(history(189, rent()))[0] == 0


def test_two_times_are_no_rhythm_yet() -> None:
    assert due_days(history(60, rent(RENTS[:2]))) == []


def test_the_dates_that_are_known_stand_instead_of_reckoned_ones() -> None:
    told = replace(rent(), due=np.array([180, 181], dtype=np.int64), expected=-90_000.0)
    known = history(170, told).known(HORIZON)
    assert np.flatnonzero(known.ahead_flow).tolist() == [10, 11]
    assert known.ahead_flow[10] == -90_000


def test_what_the_user_entered_is_there_from_its_day_on() -> None:
    plain = outlooks(history(170, rent()))
    entered = outlooks(history(170, rent(), dues=(Due(190, -50_000.0, is_spent=True),)))
    for target, sign in (("spent", 1), ("balance", -1)):
        off = entered[target].base - plain[target].base
        assert (off[:20] == 0).all()
        np.testing.assert_allclose(off[20:], sign * 50_000)


@given(st.integers(40, 169))
def test_an_earlier_day_knows_nothing_of_later_ones(days: int) -> None:
    entered = (Due(175, -1.0, is_spent=True),)
    told = replace(rent(), due=np.array([180], dtype=np.int64), expected=-1.0)
    then = history(170, told, dues=entered).until(days)
    only_past = history(days, rent(RENTS[days > RENTS]))
    for target in ("spent", "balance", "day"):
        ours, theirs = outlooks(then)[target], outlooks(replace(only_past, balance=then.balance))[target]
        np.testing.assert_array_equal(ours.rows, theirs.rows)
        np.testing.assert_array_equal(ours.base, theirs.base)


def test_a_cut_history_keeps_the_days_of_its_series() -> None:
    lived = history(170, rent())
    assert due_days(lived.since(50)) == due_days(lived)
