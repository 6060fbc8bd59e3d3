"""The days of which MITA tells anything: those of the marts' calendar (``dim_dates``), in whatever zone."""

from __future__ import annotations

from datetime import date

EARLIEST, LATEST = date(2000, 1, 2), date(2049, 12, 30)


def is_of_our_time(day: date) -> bool:
    """Whether a day lies in the marts' calendar wherever on earth it is that day."""
    return EARLIEST <= day <= LATEST
