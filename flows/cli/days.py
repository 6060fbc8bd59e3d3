"""Days and months as people type them."""

from __future__ import annotations

from datetime import UTC, date, datetime

from flows.cli.errors import CommandError
from warehouse.calendar import EARLIEST, LATEST, is_of_our_time


def day_of(said: str) -> date:
    """The day that is meant; raises CommandError."""
    try:
        return _of_our_time(date.fromisoformat(said))
    except ValueError:
        message = f"{said!r} is not a day such as {_today()}"
        raise CommandError(message) from None


def first_of(month: str) -> date:
    """The first day of the month that is meant; raises CommandError."""
    try:
        return _of_our_time(date.fromisoformat(f"{month}-02")).replace(day=1)
    except ValueError:
        message = f"{month!r} is not a month such as {_today():%Y-%m}"
        raise CommandError(message) from None


def _today() -> date:
    return datetime.now(tz=UTC).date()


def _of_our_time(day: date) -> date:
    if not is_of_our_time(day):
        message = f"days lie between {EARLIEST} and {LATEST}, not on {day}"
        raise CommandError(message)
    return day
