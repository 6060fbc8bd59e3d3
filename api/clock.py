"""The time of an answer, as the envelopes write it."""

from __future__ import annotations

from datetime import UTC, datetime


def timestamp() -> str:
    """Now, in ISO 8601 with milliseconds and Z."""
    return f"{datetime.now(tz=UTC).isoformat(timespec='milliseconds')[:-6]}Z"
