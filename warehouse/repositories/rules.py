"""A user's rules: kept, ordered, tried before they are saved, suggested from corrections.

Which lines a rule holds for is kept by triggers (``app.rule_matches``), so that a rule, and a line that comes
later, has its effect in the transaction that writes it, whoever writes it.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Connection, text

from warehouse.repositories.rule_statements import (
    ADD,
    LIST,
    MAX_RULES,
    MOVE,
    PREVIEW,
    REMOVE,
    SUGGEST,
    SWITCH,
    NewRule,
    Preview,
    Rule,
    RuleNotFoundError,
    RuleRefusedError,
    Suggestion,
    checked,
    patterns_of,
    preview_of,
    refuse,
    suggestion_of,
)

__all__ = ["NewRule", "Preview", "Rule", "RuleNotFoundError", "RuleRefusedError", "Suggestion"]


def add_rule(connection: Connection, user_id: UUID, rule: NewRule) -> UUID:
    """Keep a rule after those that are there; raises RuleRefusedError."""
    values = checked(rule) | {"user_id": user_id, "most": MAX_RULES}
    _check_pattern(connection, rule)
    added: UUID | None = connection.execute(text(ADD), values).scalar_one_or_none()
    if added is None:
        refuse(f"there are {MAX_RULES} rules already: remove one first")
    return added


def list_rules(connection: Connection, user_id: UUID) -> list[Rule]:
    """A user's rules in their order."""
    return [Rule(*row) for row in connection.execute(text(LIST), {"user_id": user_id})]


def remove_rule(connection: Connection, user_id: UUID, rule_id: UUID) -> None:
    """Forget a rule, and with it all that it did; raises RuleNotFoundError."""
    _found(connection.execute(text(REMOVE), {"user_id": user_id, "rule_id": rule_id}).rowcount, rule_id)


def switch_rule(connection: Connection, user_id: UUID, rule_id: UUID, *, is_on: bool) -> None:
    """Take what a rule does back, or do it again; raises RuleNotFoundError."""
    values = {"user_id": user_id, "rule_id": rule_id, "is_on": is_on}
    _found(connection.execute(text(SWITCH), values).rowcount, rule_id)


def move_rule(connection: Connection, user_id: UUID, rule_id: UUID, place: int) -> None:
    """Put a rule at a place, from 1; raises RuleNotFoundError."""
    if rule_id not in {rule.rule_id for rule in list_rules(connection, user_id)}:
        _found(0, rule_id)
    connection.execute(text(MOVE), {"user_id": user_id, "rule_id": rule_id, "place": place})


def preview_rule(connection: Connection, user_id: UUID, rule: NewRule, limit: int = 10) -> Preview:
    """What a rule would do to the lines that are there, without keeping it; raises RuleRefusedError."""
    _check_pattern(connection, rule)
    values = checked(rule) | {"user_id": user_id, "limit": limit}
    rows = connection.execute(text(PREVIEW), values).all()
    return preview_of([tuple(row) for row in rows])


def suggest_rules(connection: Connection, user_id: UUID, least: int = 2) -> list[Suggestion]:
    """Rules that would say what the user has said ``least`` times, always alike, of one merchant."""
    rows = connection.execute(text(SUGGEST), {"user_id": user_id, "least": least})
    return [suggestion_of(tuple(row)) for row in rows]


def _check_pattern(connection: Connection, rule: NewRule) -> None:
    """Whether Postgres can read the patterns, asked of Postgres itself."""
    for pattern in patterns_of(rule):
        try:
            with connection.begin_nested():
                connection.execute(text("select '' ~* :pattern"), {"pattern": pattern})
        except Exception as error:
            if getattr(getattr(error, "orig", None), "sqlstate", "") != "2201B":
                raise
            refuse(f"{pattern!r} is no regular expression: {getattr(error, 'orig', error)}")


def _found(rows: int, rule_id: UUID) -> None:
    if not rows:
        message = f"there is no rule {rule_id}; 'mita rules list' shows their ids"
        raise RuleNotFoundError(message)
