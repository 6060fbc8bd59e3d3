"""Days as people type them."""

from __future__ import annotations

from datetime import UTC, date, datetime

from flows.cli.errors import CommandError


def day_of(said: str) -> date:
    """The day that is meant; raises CommandError."""
    try:
        return date.fromisoformat(said)
    except ValueError:
        message = f"{said!r} is not a day such as {datetime.now(tz=UTC).date()}"
        raise CommandError(message) from None
