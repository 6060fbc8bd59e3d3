"""``mita plan``: the budget for every day, as a calendar in the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.delegation import heavy
from flows.cli.errors import CommandError
from flows.cli.output import AsJson, hints, print_json
from flows.cli.statements import UserEmail

if TYPE_CHECKING:
    from warehouse.engine import Warehouse
    from warehouse.repositories.plans import DayTotal, MoveRow, PlanRow
    from warehouse.settings import Settings

commands = typer.Typer(help="The budget for every day.", no_args_is_help=True)


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
    month: Annotated[str | None, typer.Option(help="YYYY-MM; the pay period of the day if left out.")] = None,
    on: Annotated[
        str | None, typer.Option("--date", help="YYYY-MM-DD, the day to look at; today if left out.")
    ] = None,
    *,
    all_moves: Annotated[
        bool, typer.Option("--moves", help="Show every move, not only the largest.")
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
        shown = _shown(settings, warehouse, user, month, on)
    if not shown.rows:
        message = f"there is no plan for {user} then: ingest a statement first"
        raise CommandError(message)
    if as_json:
        print_json({"today": shown.today, "days": shown.days, "categories": shown.rows, "moves": shown.moves})
    else:
        show_calendar(shown.rows, shown.days, shown.moves, shown.day, all_moves=all_moves)


@dataclass(frozen=True)
class _Shown:
    """What is shown: the days of a period or month, and one of them by category."""

    today: date
    day: date
    rows: Sequence[PlanRow]
    days: Sequence[DayTotal]
    moves: Sequence[MoveRow]


def _shown(settings: Settings, warehouse: Warehouse, email: str, month: str | None, on: str | None) -> _Shown:
    """The plan as of now, whether or not the marts have been renewed since the last fact."""
    from warehouse.repositories import freshness, plans
    from warehouse.repositories.users import get_user

    with warehouse.transaction() as connection:
        user = get_user(connection, email)
        nothing_built = freshness.nothing_built(connection)
    if nothing_built:
        from flows.build import build_marts

        hints.print("There is no plan yet; building it.", style="dim")
        build_marts(settings)
    today = datetime.now(tz=user.zone).date()
    day = today if on is None else _day(on, today)
    with warehouse.transaction() as connection:
        period = plans.period_of(connection, user.user_id, day) if month is None else None
        days = period or _days_of(day.replace(day=1) if month is None else _first_of(month, today))
        return _Shown(
            today,
            day,
            plans.plan_between(connection, user.user_id, *days),
            plans.totals_between(connection, user.user_id, *days),
            plans.moves_on(connection, user.user_id, day),
        )


def _days_of(first: date) -> tuple[date, date]:
    """The first and the last day of a month."""
    return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def _day(on: str, today: date) -> date:
    try:
        return date.fromisoformat(on)
    except ValueError:
        message = f"{on!r} is not a day such as {today}"
        raise CommandError(message) from None


def _first_of(month: str, today: date) -> date:
    try:
        return datetime.strptime(month, "%Y-%m").date()  # noqa: DTZ007 - a civil month has no zone
    except ValueError:
        message = f"{month!r} is not a month such as {today:%Y-%m}"
        raise CommandError(message) from None
