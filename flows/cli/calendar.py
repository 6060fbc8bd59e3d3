"""A month's plan as a calendar in the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from flows.cli.output import console
from warehouse.money import Money
from warehouse.repositories.plans import DayTotal, MoveRow, PlanRow

WEEK = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
COLOURS = {"green": "green", "yellow": "yellow", "red": "red"}


#: How many categories of a day and how many moves of a reason are shown unless all are asked for.
LARGEST_CATEGORIES, LARGEST_MOVES = 15, 3


def show_calendar(
    rows: Sequence[PlanRow],
    days: Sequence[DayTotal],
    moves: Sequence[MoveRow],
    today: date,
    *,
    all_of_it: bool = False,
) -> None:
    """Print the days: a cell each with what is planned and spent, then one by category, and its moves."""
    currency = rows[0].currency
    table = Table(*WEEK, title=f"{_title(days)}, {currency}", title_style="bold", show_lines=True)
    for week in _weeks(days):
        table.add_row(*(_cell(day, today, currency) if day else "" for day in week))
    console.print(table)
    console.print(
        "[dim]each day: planned, below it spent;[/] [green]below 80 %[/] [yellow]to 100 %[/] [red]over[/]"
    )
    _show_today([row for row in rows if row.plan_date == today], today, all_of_it=all_of_it)
    for day in days:
        if day.day == today:
            _show_safe(day, currency)
    _show_moves(moves, all_of_it=all_of_it)


def _title(days: Sequence[DayTotal]) -> str:
    """The month's name, or where a pay period begins and ends."""
    first, last = days[0].day, days[-1].day
    if first.day == 1 and (last + timedelta(days=1)).day == 1 and first.month == last.month:
        return f"{first:%B %Y}"
    return f"{first:%d %B} to {last:%d %B %Y}"


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


def _show_today(rows: Sequence[PlanRow], today: date, *, all_of_it: bool) -> None:
    """What was spent on, then what has most planned; the small rest in one line, so that all adds up."""
    busy = [row for row in rows if row.planned_minor or row.spent_minor]
    busy.sort(key=lambda row: (row.spent_minor == 0, -row.planned_minor))
    shown = len(busy) if all_of_it or len(busy) <= LARGEST_CATEGORIES + 1 else LARGEST_CATEGORIES
    table = Table("Category", box=None, header_style="bold")
    for heading in ("Planned", "Spent", "Budget", "Left"):
        table.add_column(heading, justify="right")
    for row in sorted(busy[:shown], key=lambda row: -row.planned_minor):
        _add_row(table, row.category_code.replace("_", " "), [row], COLOURS[row.status])
    if rest := busy[shown:]:
        _add_row(table, f"{len(rest)} more (--all shows them)", rest, "dim")
    if busy:
        console.print(Panel(table, title=f"{today:%A, %d %B}", expand=False))


def _add_row(table: Table, name: str, rows: Sequence[PlanRow], style: str) -> None:
    """A category, or several as one."""
    sums = (
        sum(row.planned_minor for row in rows),
        sum(row.spent_minor for row in rows),
        sum(row.budget_minor for row in rows),
        sum(row.left_minor for row in rows),
    )
    planned, spent, budget, left = (_plain(minor, rows[0].currency) for minor in sums)
    table.add_row(name, planned, f"[{style}]{spent}[/]", budget, left)


def _show_safe(day: DayTotal, currency: str) -> None:
    """What of the day's plan is free, and what of the period nothing covers."""
    safe, bills = Money(day.safe_to_spend_minor, currency), Money(day.committed_minor, currency)
    apart = f" [dim]({bills} of the day are for bills)[/]" if day.committed_minor else ""
    console.print(f"[bold]{safe} safe to spend[/]{apart}")
    if day.uncovered_minor:
        missing = Money(day.uncovered_minor, currency)
        console.print(f"[red]{missing} overspent and not covered[/]")


def _show_moves(moves: Sequence[MoveRow], *, all_of_it: bool) -> None:
    """Who gives what to whom and why, the largest moves first."""
    by_reason: dict[tuple[str, bool], list[MoveRow]] = {}
    for move in sorted(moves, key=lambda move: -move.amount_minor):
        by_reason.setdefault((move.reason, move.is_applied), []).append(move)
    for (reason, is_applied), found in by_reason.items():
        whole = Money(sum(move.amount_minor for move in found), found[0].currency)
        verb = "moved" if is_applied else "could move"
        console.print(f"[bold]{whole} {verb}[/] in this period {REASONS.get(reason, reason)}")
        shown = found if all_of_it else found[:LARGEST_MOVES]
        for move in shown:
            giver, receiver = (code.replace("_", " ") for code in (move.from_category, move.to_category))
            console.print(f"[dim]  {giver} to {receiver} {Money(move.amount_minor, move.currency)}[/]")
        if len(found) > len(shown):
            console.print(f"[dim]  and {len(found) - len(shown)} more (--all shows them)[/]")


REASONS = {
    "overspent": "to categories that were overspent",
    "needed_ahead": "to categories that will need it",
    "underspent": "to savings, because days before left it over",
}
