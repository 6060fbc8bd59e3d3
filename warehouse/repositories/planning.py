"""How Postgres is to plan statements whose sizes it cannot know."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from sqlalchemy import Connection, text


@contextlib.contextmanager
def planned_by_hashing(connection: Connection) -> Iterator[None]:
    """Keep the planner, who knows no size of a new batch or of a step, from comparing all with all."""
    connection.execute(text("set local enable_nestloop = off; set local enable_mergejoin = off"))
    yield
    connection.execute(text("reset enable_nestloop; reset enable_mergejoin"))
