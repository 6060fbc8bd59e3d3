"""``mita plan``: the budget for every day, as a calendar in the terminal."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated

import typer
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from flows.cli.delegation import heavy
from flows.cli.errors import CommandError
from flows.cli.output import AsJson, console, hints, print_json
from flows.cli.statements import UserEmail
from warehouse.engine import Warehouse, open_warehouse
from warehouse.money import Money
from warehouse.provision import provision
from warehouse.repositories.plans import PlanRow, is_stale, month_plan, planned_for
from warehouse.repositories.users import get_user
from warehouse.settings import Settings

commands = typer.Typer(help="The budget for every day.", no_args_is_help=True)

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


def register(app: typer.Typer) -> None:
    """Add these commands to ``mita``."""
    app.add_typer(commands, name="plan")


@commands.callback()
def plan() -> None:
    """The budget for every day."""


@commands.command()
@heavy
def show(
    user: UserEmail,
    month: Annotated[str | None, typer.Option(help="YYYY-MM; the current month if left out.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Show a month's plan as a calendar."""
    settings = Settings()
    with open_warehouse(settings) as warehouse:
        provision(settings, warehouse.server)
        today, rows = _current_plan(settings, warehouse, user, month)
    if not rows:
        message = f"there is no plan for {user} in that month: ingest a statement first"
        raise CommandError(message)
    if as_json:
        print_json({"today": today, "days": day_totals(rows), "categories": rows})
    else:
        show_calendar(rows, today)


def _current_plan(
    settings: Settings, warehouse: Warehouse, email: str, month: str | None
) -> tuple[date, Sequence[PlanRow]]:
    """The plan of a month as of today, built first if facts or the day have moved on."""
    with warehouse.transaction() as connection:
        user = get_user(connection, email)
        stale = is_stale(connection, user.user_id)
    if stale:
        from flows.build import build_marts  # noqa: PLC0415 - imports Prefect and dbt

        hints.print("Facts have changed since the plan was built; building it.", style="dim")
        build_marts(settings)
    with warehouse.transaction() as connection:
        today = planned_for(connection, user.user_id) or datetime.now(tz=user.zone).date()
        return today, month_plan(connection, user.user_id, _first_of(month, today))


def _first_of(month: str | None, today: date) -> date:
    if month is None:
        return today.replace(day=1)
    try:
        return datetime.strptime(month, "%Y-%m").date()  # noqa: DTZ007 - a civil month has no zone
    except ValueError:
        message = f"{month!r} is not a month such as {today:%Y-%m}"
        raise CommandError(message) from None


def day_totals(rows: Sequence[PlanRow]) -> list[DayTotal]:
    """The plan's days over all spending categories, savings apart."""
    planned: dict[date, int] = defaultdict(int)
    spent: dict[date, int] = defaultdict(int)
    for row in rows:
        if row.group_code in {"need", "want"}:
            planned[row.plan_date] += row.planned_minor
            spent[row.plan_date] += row.spent_minor
    return [DayTotal(day, planned[day], spent[day], status(planned[day], spent[day])) for day in sorted(planned)]


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
    console.print("[dim]each day: planned, below it spent;[/] [green]below 80 %[/] [yellow]to 100 %[/] [red]over[/]")
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
        cell.append(f"\n{_plain(day.spent_minor, currency)}", style=f"not bold not reverse {COLOURS[day.status]}")
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
