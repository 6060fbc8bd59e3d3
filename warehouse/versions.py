"""Which state of the database this code was written for."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

_NAMES = re.compile(r'^(revision|down_revision) = "(\w+)"$', re.MULTILINE)


@cache
def newest_migration() -> str:
    """The revision that this code was written for: the one that no other follows."""
    folder = files("warehouse") / "migrations" / "versions"
    scripts = [script.read_text() for script in folder.iterdir() if script.name.endswith(".py")]
    told: list[tuple[str, str]] = [pair for script in scripts for pair in _NAMES.findall(script)]
    followed = {name for kind, name in told if kind == "down_revision"}
    return max(name for kind, name in told if kind == "revision" and name not in followed)
