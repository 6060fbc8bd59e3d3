"""A month's plan as a calendar in the terminal."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from flows.cli.output import console
from warehouse.money import Money
from warehouse.repositories.plans import PlanRow

WEEK = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
COLOURS = {"green": "green", "yellow": "yellow", "red": "red"}
#: Ratio of spent to planned from which a day or category is yellow, and above which it is red.
YELLOW_FROM, RED_ABOVE = 0.80, 1.00


@dataclass(frozen=True, slots=True)
class DayTotal:
    """A day of the plan over all spending categories; money in minor units."""

    day: date
    planned_minor: int
    spent_minor: int
    status: str


def day_totals(rows: Sequence[PlanRow]) -> list[DayTotal]:
    """The plan's days over all spending categories, savings apart."""
    planned: dict[date, int] = defaultdict(int)
    spent: dict[date, int] = defaultdict(int)
    for row in rows:
        if row.group_code in {"need", "want"}:
            planned[row.plan_date] += row.planned_minor
            spent[row.plan_date] += row.spent_minor
    return [
        DayTotal(day, planned[day], spent[day], status(planned[day], spent[day])) for day in sorted(planned)
    ]


def status(planned_minor: int, spent_minor: int) -> str:
    """Green below 0.80 of the plan, yellow to 1.00, red above; with nothing planned, red once spent."""
    if planned_minor <= 0:
        return "red" if spent_minor > 0 else "green"
    ratio = spent_minor / planned_minor
    return "green" if ratio < YELLOW_FROM else "yellow" if ratio <= RED_ABOVE else "red"


def show_calendar(rows: Sequence[PlanRow], today: date) -> None:
    """Print the month: a cell a day with what is planned and spent, then today by category."""
    days = day_totals(rows)
    currency = rows[0].currency
    table = Table(*WEEK, title=f"{days[0].day:%B %Y}, {currency}", title_style="bold", show_lines=True)
    for week in _weeks(days):
        table.add_row(*(_cell(day, today, currency) if day else "" for day in week))
    console.print(table)
    console.print(
        "[dim]each day: planned, below it spent;[/] [green]below 80 %[/] [yellow]to 100 %[/] [red]over[/]"
    )
    _show_today([row for row in rows if row.plan_date == today], today)


def _weeks(days: Sequence[DayTotal]) -> Iterator[list[DayTotal | None]]:
    by_date = {day.day: day for day in days}
    monday = days[0].day - timedelta(days=days[0].day.weekday())
    while monday <= days[-1].day:
        yield [by_date.get(monday + timedelta(days=offset)) for offset in range(7)]
        monday += timedelta(days=7)


def _cell(day: DayTotal, today: date, currency: str) -> Text:
    heading = "bold reverse" if day.day == today else "bold"
    cell = Text(f"{day.day.day}\n", style=heading)
    cell.append(_plain(day.planned_minor, currency), style="not bold not reverse")
    if day.day <= today or day.spent_minor:
        cell.append(
            f"\n{_plain(day.spent_minor, currency)}", style=f"not bold not reverse {COLOURS[day.status]}"
        )
    return cell


def _plain(minor: int, currency: str) -> str:
    return str(Money(minor, currency)).removesuffix(f" {currency}")


def _show_today(rows: Sequence[PlanRow], today: date) -> None:
    table = Table("Category", box=None, header_style="bold")
    for heading in ("Today", "Spent", "Month"):
        table.add_column(heading, justify="right")
    for row in sorted(rows, key=lambda row: -row.planned_minor):
        if row.planned_minor or row.spent_minor:
            table.add_row(
                row.category_code.replace("_", " "),
                _plain(row.planned_minor, row.currency),
                f"[{COLOURS[row.status]}]{_plain(row.spent_minor, row.currency)}[/]",
                _plain(row.budget_minor, row.currency),
            )
    if table.row_count:
        console.print(Panel(table, title=f"Today, {today:%d %B}", expand=False))
