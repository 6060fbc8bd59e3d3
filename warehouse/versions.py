"""Which state of the database this code was written for."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def newest_migration() -> str:
    """The revision that this code was written for; the scripts are numbered."""
    folder = files("warehouse") / "migrations" / "versions"
    return max(script.name for script in folder.iterdir() if script.name[:1].isdigit()).partition("_")[0]
