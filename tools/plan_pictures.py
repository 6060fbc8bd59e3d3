"""Pictures of a plan for the docs: a year, a month, and the moves of one day.

python -m tools.plan_pictures --user EMAIL --date YYYY-MM-DD --category CODE --out docs/images
"""

from __future__ import annotations

import argparse
from calendar import monthrange
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from matplotlib import pyplot as plt
from matplotlib.patches import Rectangle

from warehouse.engine import Warehouse, open_warehouse
from warehouse.money import Money
from warehouse.repositories import plans
from warehouse.repositories.plans import DayTotal, MoveRow, PlanRow, Span
from warehouse.repositories.users import get_user
from warehouse.settings import Settings

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = {"green": "#7cb97c", "yellow": "#ecc94b", "red": "#d9655b"}
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def main() -> None:
    """Draw what the arguments say, and print the moves as a table for the text."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("user", "date", "category", "out"):
        parser.add_argument(f"--{name}", required=True)
    given = parser.parse_args()
    day, out = date.fromisoformat(given.date), Path(given.out)
    with open_warehouse(Settings()) as warehouse:
        with warehouse.transaction() as connection:
            user = get_user(connection, given.user)
        draw(warehouse, user.user_id, day, given.category, out)


def draw(warehouse: Warehouse, user_id: UUID, day: date, category: str, out: Path) -> None:
    """Write the three pictures to a folder."""
    first = day.replace(day=1)
    last = first.replace(day=monthrange(first.year, first.month)[1])
    with warehouse.transaction() as connection:
        year = plans.list_totals(connection, Span(user_id, last - timedelta(days=364), last))
        month = plans.list_totals(connection, Span(user_id, first, last))
        rows = plans.list_plan(connection, Span(user_id, first, last))
        moved = plans.list_moves(connection, Span(user_id, day, day))
        moves = [move for move in moved if move.to_category == category]
    currency = rows[0].currency
    _draw_year(year, out / "plan_year.png")
    _draw_month(month, currency, out / "plan_month.png")
    givers = [move.from_category for move in moves]
    _draw_plans(rows, day, [category, *givers], currency, out / "plan_overspend.png")
    tell(moves, rows, day)


def tell(moves: Sequence[MoveRow], rows: Sequence[PlanRow], day: date) -> None:
    """Print the moves of a day, and what each side had planned on it and on the day before."""
    planned = {(row.category_code, row.plan_date): row for row in rows}
    print("| from | to | amount | reason | giver's day before | giver's day |\n|---|---|---|---|---|---|")  # noqa: T201
    for move in moves:
        before = planned.get((move.from_category, day - timedelta(days=1)))
        after = planned.get((move.from_category, day))
        cells = [
            move.from_category,
            move.to_category,
            str(Money(move.amount_minor, move.currency)),
            f"{move.reason}, {move.source}",
            *(str(Money(row.planned_minor, row.currency)) if row else "" for row in (before, after)),
        ]
        print(f"| {' | '.join(cells)} |")  # noqa: T201


def _draw_year(days: Sequence[DayTotal], path: Path) -> None:
    """A column a week, a row a weekday, a colour a day."""
    figure, axes = plt.subplots(figsize=(11, 2.2), layout="constrained")
    monday = days[0].day - timedelta(days=days[0].day.weekday())
    for each in days:
        week = (each.day - monday).days // 7
        axes.add_patch(
            Rectangle((week, each.day.weekday()), 0.9, 0.9, color=COLOURS[each.status], linewidth=0)
        )
        if each.day.day == 1:
            axes.text(week, -0.4, f"{each.day:%b}", fontsize=8, color="#444444")
    axes.set(xlim=(-0.5, 53.5), ylim=(7, -1), aspect="equal")
    axes.set_xticks([])
    axes.set_yticks([at + 0.45 for at in range(7)], WEEKDAYS, fontsize=7)
    _bare(axes)
    figure.savefig(path, dpi=110, metadata={"Software": None})
    plt.close(figure)


def _draw_month(days: Sequence[DayTotal], currency: str, path: Path) -> None:
    """A cell a day: planned, below it spent, in the colour of the day."""
    monday = days[0].day - timedelta(days=days[0].day.weekday())
    weeks = (days[-1].day - monday).days // 7 + 1
    figure, axes = plt.subplots(figsize=(9, 1.05 * weeks + 0.4), layout="constrained")
    for each in days:
        column, row = each.day.weekday(), (each.day - monday).days // 7
        axes.add_patch(Rectangle((column, row), 0.96, 0.94, color=COLOURS[each.status], alpha=0.75, lw=0))
        axes.text(column + 0.05, row + 0.08, str(each.day.day), va="top", fontsize=9, weight="bold")
        planned, spent = (_plain(minor, currency) for minor in (each.planned_minor, each.spent_minor))
        axes.text(column + 0.9, row + 0.42, f"plan {planned}", ha="right", va="top", fontsize=9)
        axes.text(column + 0.9, row + 0.68, f"spent {spent}", ha="right", va="top", fontsize=9)
    axes.set(xlim=(0, 7), ylim=(weeks, 0))
    axes.set_xticks([at + 0.48 for at in range(7)], WEEKDAYS)
    axes.xaxis.tick_top()
    axes.set_yticks([])
    _bare(axes)
    axes.set_title(f"{days[0].day:%B %Y}, {currency}", loc="left", pad=18)
    figure.savefig(path, dpi=110, metadata={"Software": None})
    plt.close(figure)


def _draw_plans(
    rows: Sequence[PlanRow], day: date, categories: Sequence[str], currency: str, path: Path
) -> None:
    """What each day of the month planned for the one that was overspent and for those that gave."""
    unit = Money(1, currency).decimal
    figure, panels = plt.subplots(
        len(categories), 1, figsize=(9, 1.5 * len(categories) + 0.6), sharex=True, layout="constrained"
    )
    for axes, category in zip(panels, categories, strict=True):
        own = {row.plan_date.day: row for row in rows if row.category_code == category}
        bars = [float(own[at].spent_minor * unit) if at in own else 0.0 for at in range(1, 32)]
        line = [float(own[at].planned_minor * unit) if at in own else 0.0 for at in range(1, 32)]
        axes.bar(range(1, 32), bars, color=COLOURS["red"], width=0.6, label="spent")
        axes.step(range(1, 32), line, where="mid", color="#31688e", label="planned")
        axes.axvline(day.day - 0.5, color="#888888", linestyle=":")
        axes.set_ylabel(category.replace("_", "\n"), rotation=0, ha="right", va="center")
        axes.spines[["top", "right"]].set_visible(False)
    panels[0].legend(loc="upper left", frameon=False, ncols=2)
    panels[-1].set_xlabel(
        f"day of {day:%B %Y}; the dotted line is the opening of the {day.day}th, {currency}"
    )
    figure.savefig(path, dpi=110, metadata={"Software": None})
    plt.close(figure)


def _plain(minor: int, currency: str) -> str:
    return str(Money(minor, currency)).removesuffix(f" {currency}")


def _bare(axes: Axes) -> None:
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


if __name__ == "__main__":
    main()
