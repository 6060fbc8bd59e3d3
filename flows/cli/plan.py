"""``mita plan``: the budget for every day, as a calendar in the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.delegation import heavy
from flows.cli.errors import CommandError
from flows.cli.output import AsJson, hints, print_json
from flows.cli.statements import UserEmail

if TYPE_CHECKING:
    from warehouse.engine import Warehouse
    from warehouse.repositories.plans import PlanRow
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
    month: Annotated[str | None, typer.Option(help="YYYY-MM; the current month if left out.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Show a month's plan as a calendar."""
    from flows.cli.calendar import day_totals, show_calendar
    from warehouse.engine import open_warehouse
    from warehouse.provision import provision
    from warehouse.settings import Settings

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
    from warehouse.repositories.plans import is_stale, month_plan, planned_for
    from warehouse.repositories.users import get_user

    with warehouse.transaction() as connection:
        user = get_user(connection, email)
        stale = is_stale(connection, user.user_id)
    if stale:
        from flows.build import build_marts

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
