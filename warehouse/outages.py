"""Telling that the server went away from what it refuses."""

from __future__ import annotations

import psycopg


def lost_connection(error: BaseException) -> bool:
    """Whether an error, or what caused it, is the server going away rather than refusing."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, psycopg.OperationalError) and not isinstance(cause, psycopg.errors.DiskFull):
            return cause.sqlstate is None or cause.sqlstate.startswith(("57P", "08"))
        cause = getattr(cause, "orig", None) or cause.__cause__
    return False
