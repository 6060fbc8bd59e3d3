"""``mita plan``: the budget for every day, as a calendar in the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli import plan_choices
from flows.cli.days import day_of, first_of
from flows.cli.delegation import heavy
from flows.cli.errors import CommandError
from flows.cli.output import AsJson, hints, print_json
from flows.cli.statements import UserEmail

if TYPE_CHECKING:
    from uuid import UUID

    from warehouse.engine import Warehouse
    from warehouse.repositories.plans import DayTotal, MoveRow, PlanRow
    from warehouse.settings import Settings

commands = typer.Typer(help="The budget for every day.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add these commands to ``mita``."""
    plan_choices.register(commands)
    app.add_typer(commands, name="plan")


@commands.callback()
def plan() -> None:
    """The budget for every day."""


@commands.command()
@heavy
def show(
    user: UserEmail,
    month: Annotated[str | None, typer.Option(help="YYYY-MM; the pay period of the day if left out.")] = None,
    on: Annotated[
        str | None, typer.Option("--date", help="YYYY-MM-DD, the day to look at; today if left out.")
    ] = None,
    *,
    all_of_it: Annotated[
        bool, typer.Option("--all", help="Show every category and move, not only the largest.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show the plan of a pay period or month as a calendar, and a day of it by category."""
    from flows.cli.calendar import show_calendar
    from warehouse.engine import open_warehouse
    from warehouse.provision import provision
    from warehouse.settings import Settings

    settings = Settings()
    with open_warehouse(settings) as warehouse:
        provision(settings, warehouse.server)
        _build_if_needed(settings, warehouse)
        asked = _asked(warehouse, user, month, on)
        shown = _shown(warehouse, asked)
    if not shown.rows:
        raise CommandError(_nothing(asked))
    if shown.as_of:
        hints.print(f"As it stood on {shown.as_of}, reckoned from the facts known now.", style="dim")
    elif month is None and on is None and (last := _stale(asked)):
        hints.print(f"Nothing is known since {last}: ingest newer statements.")
        hints.print(f"Looking back: mita plan show --user {user} --date {last}")
    if as_json:
        print_json({"today": shown.today, "days": shown.days, "categories": shown.rows, "moves": shown.moves})
    else:
        show_calendar(shown.rows, shown.days, shown.moves, shown.day, all_of_it=all_of_it)
        if not any(row.budget_minor for row in shown.rows):
            hints.print("No income is known, so there is nothing to plan with.")
            hints.print(f"Next: mita plan settings --user {user} --income AMOUNT")


#: After so many days without a transaction, a plan of today says little.
STALE_DAYS = 45


@dataclass(frozen=True)
class _Asked:
    """Whose plan of which day, and of which month if one was named."""

    email: str
    user_id: UUID
    today: date
    day: date
    month: tuple[date, date] | None
    known: tuple[date, date] | None


@dataclass(frozen=True)
class _Shown:
    """What is shown: the days of a period or month, and one of them by category."""

    today: date
    day: date
    as_of: date | None
    rows: Sequence[PlanRow]
    days: Sequence[DayTotal]
    moves: Sequence[MoveRow]


def _build_if_needed(settings: Settings, warehouse: Warehouse) -> None:
    from warehouse.repositories import freshness

    with warehouse.transaction() as connection:
        nothing_built = freshness.nothing_built(connection)
    if nothing_built:
        from flows.build import build_marts

        hints.print("There is no plan yet; building it.", style="dim")
        build_marts(settings)


def _asked(warehouse: Warehouse, email: str, month: str | None, on: str | None) -> _Asked:
    from warehouse.repositories import plans
    from warehouse.repositories.users import get_user

    with warehouse.transaction() as connection:
        user = get_user(connection, email)
        known = plans.known_days(connection, user.user_id)
    today = datetime.now(tz=user.zone).date()
    days = None if month is None else _days_of(first_of(month))
    day = today if on is None else day_of(on)
    return _Asked(email, user.user_id, today, day, days, known)


def _shown(warehouse: Warehouse, asked: _Asked) -> _Shown:
    """The plan as of now; of days before those that it keeps, as it stood then."""
    now = _shown_as_of(warehouse, asked, None)
    then = asked.month[1] if asked.month else asked.day
    is_past = asked.known is not None and asked.known[0] <= then < asked.today
    return _shown_as_of(warehouse, asked, then) if is_past and not now.rows else now


def _shown_as_of(warehouse: Warehouse, asked: _Asked, as_of: date | None) -> _Shown:
    from warehouse.repositories import plans

    day = plans.Span(asked.user_id, asked.day, asked.day, as_of)
    with warehouse.transaction() as connection:
        period = asked.month or plans.period_of(connection, day)
        span = plans.Span(asked.user_id, *(period or _days_of(asked.day.replace(day=1))), as_of)
        return _Shown(
            asked.today,
            asked.day,
            as_of,
            plans.list_plan(connection, span),
            plans.list_totals(connection, span),
            plans.list_moves(connection, day),
        )


def _stale(asked: _Asked) -> date | None:
    """The last day that is known, if a plan of today can say little because it lies far back."""
    if asked.known is None or (asked.today - asked.known[1]).days <= STALE_DAYS:
        return None
    return asked.known[1]


def _nothing(asked: _Asked) -> str:
    """Why there is nothing to show, and what to do."""
    if asked.known is None:
        return f"there is no plan for {asked.email} yet: ingest a statement first"
    first, last = asked.known
    return f"there is no plan for {asked.email} then: transactions are known from {first} to {last}"


def _days_of(first: date) -> tuple[date, date]:
    """The first and the last day of a month."""
    return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
