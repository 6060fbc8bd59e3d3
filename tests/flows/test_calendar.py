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


def test_small_categories_are_one_line_unless_all_are_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    total = DayTotal(DAY, 10_000, 5, 0, 0, 0, "green")
    rows = [
        PlanRow(DAY, f"c{place:02}", "want", 100 + place, 100 + place, spent, 95 + place, "green", "GBP")
        for place, spent in enumerate([5] + [0] * 29)
    ]
    show_calendar(rows, [total], [], DAY)
    said = " ".join(capsys.readouterr().out.split())
    hidden = [row for row in rows if row.category_code not in said]
    assert len(hidden) == 15
    assert rows[0] not in hidden
    planned, left = (
        sum(of) / 100 for of in zip(*((r.planned_minor, r.left_minor) for r in hidden), strict=True)
    )
    assert f"15 more (--all shows them) {planned:.2f} 0.00 {planned:.2f} {left:.2f}" in said
    show_calendar(rows, [total], [], DAY, all_of_it=True)
    said = capsys.readouterr().out
    assert all(row.category_code in said for row in rows)
