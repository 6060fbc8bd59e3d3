"""The plan as a person reads it in the terminal."""

from __future__ import annotations

from datetime import date

import pytest

from flows.cli.calendar import show_calendar
from warehouse.repositories.plans import DayTotal, MoveRow, PlanRow

DAY = date(2026, 11, 30)
PLAN = PlanRow(DAY, "mobile_phone", "need", 2_388, 2_388, 2_690, -302, "red", "GBP")


def test_a_day_says_what_is_free_what_is_left_and_what_the_period_moved(
    capsys: pytest.CaptureFixture[str],
) -> None:
    total = DayTotal(DAY, 2_388, 2_690, 2_388, 6_708, 1_210, "red")
    moves = [
        MoveRow(DAY, "games", "rent", 500, "overspent", "surplus", is_applied, "GBP")
        for is_applied in (True, False)
    ]
    show_calendar([PLAN], [total], moves, DAY)
    said = " ".join(capsys.readouterr().out.split())
    assert "mobile phone 23.88 26.90 23.88 -3.02" in said
    assert "12.10 GBP safe to spend (23.88 GBP of the day are for bills)" in said
    assert "67.08 GBP overspent and not covered" in said
    assert "5.00 GBP moved in this period to categories that were overspent" in said
    assert "5.00 GBP could move in this period to categories that were overspent" in said
