"""What users have said of their banks' tables."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, delete, func, select
from sqlalchemy.dialects.postgresql import insert as upsert

from warehouse.records import StatementLayout
from warehouse.tables.app import statement_layouts


def add_layout(connection: Connection, user_id: UUID, layout: StatementLayout) -> None:
    """Keep a user's word for tables of a fingerprint; it replaces what was said before."""
    mapping = {name: value for name, value in asdict(layout).items() if value and name != "fingerprint"}
    new = upsert(statement_layouts).values(user_id=user_id, fingerprint=layout.fingerprint, mapping=mapping)
    connection.execute(
        new.on_conflict_do_update(
            index_elements=["user_id", "fingerprint"],
            set_={"mapping": new.excluded.mapping, "confirmed_at": func.now()},
        )
    )


def list_layouts(connection: Connection, user_id: UUID) -> tuple[StatementLayout, ...]:
    """All that a user has said, the latest first."""
    rows = connection.execute(
        select(statement_layouts.c.fingerprint, statement_layouts.c.mapping)
        .where(statement_layouts.c.user_id == user_id)
        .order_by(statement_layouts.c.confirmed_at.desc(), statement_layouts.c.fingerprint)
    )
    return tuple(_layout(fingerprint, mapping) for fingerprint, mapping in rows)


def delete_layout(connection: Connection, user_id: UUID, fingerprint: str) -> bool:
    """Forget what a user has said of tables of a fingerprint; False when nothing was said."""
    gone = connection.execute(
        delete(statement_layouts)
        .where(statement_layouts.c.user_id == user_id, statement_layouts.c.fingerprint == fingerprint)
        .returning(statement_layouts.c.fingerprint)
    )
    return gone.first() is not None


def _layout(fingerprint: str, mapping: dict[str, Any]) -> StatementLayout:
    columns = tuple((str(role), str(column)) for role, column in mapping.pop("columns", ()))
    return StatementLayout(fingerprint=fingerprint, columns=columns, **mapping)
