"""A user's rules: kept, ordered, tried before they are saved, suggested from corrections.

Which lines a rule holds for is kept by triggers (``app.rule_matches``), so that a rule, and a line that comes
later, has its effect in the transaction that writes it, whoever writes it. The statements are plain SQL with
named parameters: the API sends the same ones through its own connection.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any, NoReturn
from uuid import UUID

from sqlalchemy import Connection, text

from warehouse.errors import ActionableError

MAX_RULES = 500
MAX_PATTERN = 200
MAX_CONDITIONS = 20
_WHOLE = 10_000  # hundredths of a percent
FIELDS = ("text", "amount", "account", "date", "tag")
ACTIONS = ("category", "merchant", "tags", "split", "transfer", "rename")
#: What makes matching take exponential time, or hides what a pattern says.
_UNSAFE_PATTERN = re.compile(r"\\[1-9]|\(\?[^:]|\\[mMAZyYk]|\*\*\*|\{\d{4,}|\[\[[.=]")


class RuleRefusedError(ActionableError, ValueError):
    """A rule that makes no sense; the message says which part."""


class RuleNotFoundError(ActionableError, LookupError):
    """The user has no rule of this id."""


@dataclass(frozen=True, slots=True)
class NewRule:
    """Conditions (of all or any) and actions, as JSON says them; see docs/rules.md."""

    name: str
    conditions: Sequence[Mapping[str, Any]]
    actions: Mapping[str, Any]
    match: str = "all"
    for_past: bool = True


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as it is kept; ``lines`` counts the transactions that it holds for."""

    rule_id: UUID
    place: int
    name: str
    match: str
    conditions: list[dict[str, Any]]
    actions: dict[str, Any]
    for_past: bool
    is_on: bool
    lines: int


@dataclass(frozen=True, slots=True)
class Example:
    """A line that a rule would hold for."""

    transaction_id: UUID
    spent_date: date
    description: str
    amount_minor: int
    currency: str
    category_before: str
    origin_before: str
    category_after: str


@dataclass(frozen=True, slots=True)
class Preview:
    """What a rule would do to the past: lines it holds for, those that it changes, the latest of them."""

    holds: int
    changes: int
    kept_by_user: int  # the user decided these one by one: no rule changes them
    examples: list[Example] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A rule that says what the user has said line by line."""

    name: str
    conditions: list[dict[str, Any]]
    actions: dict[str, Any]
    corrections: int
    lines: int  # that it would hold for


LIST = """
select
    rule.rule_id, rule.place, rule.name, rule.match, rule.conditions, rule.actions,
    rule.since is null as for_past, rule.is_on,
    (
        select count(*) from app.rule_matches as m
        where m.user_id = rule.user_id and m.rule_id = rule.rule_id
    ) as lines
from app.category_rules as rule
where rule.user_id = :user_id
order by rule.place, rule.rule_id
"""
ADD = """
insert into app.category_rules (user_id, place, name, match, conditions, actions, since)
select
    :user_id, coalesce(max(place), 0) + 1, :name, :match, cast(:conditions as jsonb),
    cast(:actions as jsonb), case when :for_past then null else clock_timestamp() end
from app.category_rules where user_id = :user_id
having count(*) < :most
returning rule_id
"""
REMOVE = "delete from app.category_rules where user_id = :user_id and rule_id = :rule_id"
SWITCH = """
update app.category_rules set is_on = :is_on, updated_at = now()
where user_id = :user_id and rule_id = :rule_id
"""
MOVE = """
update app.category_rules as rule
set place = ordered.place, updated_at = case when rule.rule_id = :rule_id then now() else rule.updated_at end
from (
    select
        rule_id,
        row_number() over (
            order by
                case when rule_id = :rule_id then :place - 0.5 else number end,
                (rule_id = :rule_id) desc
        ) as place
    from (
        select
            rule_id,
            row_number() over (order by (rule_id = :rule_id), place, rule_id) as number
        from app.category_rules where user_id = :user_id
    ) as numbered
) as ordered
where rule.user_id = :user_id and rule.rule_id = ordered.rule_id
"""
PREVIEW = """
with held as (
    select
        line.transaction_id, line.spent_date, line.description, line.amount_minor, line.currency,
        standing.category_code as category_before, standing.category_origin as origin_before,
        cast(:category as text) as category_after
    from app.transactions as line
    inner join app.standing_categories as standing
        on line.user_id = standing.user_id and line.transaction_id = standing.transaction_id
    left join app.transaction_details as details
        on line.user_id = details.user_id and line.transaction_id = details.transaction_id
    where line.user_id = :user_id and line.deleted_at is null and line.status <> 'expired'
        and app.rule_holds(
            :match, cast(:conditions as jsonb), line.description, line.counterparty, line.amount_minor,
            line.account_id, line.spent_date, details.tags
        )
)
select
    transaction_id, spent_date, description, amount_minor, currency, category_before, origin_before,
    coalesce(category_after, category_before) as category_after,
    count(*) over () as holds,
    count(*) filter (
        where category_after <> category_before and origin_before not in ('user', 'rule')
    ) over () as changes,
    count(*) filter (where origin_before = 'user') over () as kept_by_user
from held
order by (category_after is distinct from category_before) desc, spent_date desc, transaction_id
limit :limit
"""
SUGGEST = """
select
    memory.merchant_key, memory.category_code, memory.times as corrections,
    (
        select count(*) from app.transactions as line
        where line.user_id = memory.user_id and line.deleted_at is null
            and (line.amount_minor > 0) = memory.is_in and line.merchant_key = memory.merchant_key
    ) as lines,
    memory.is_in
from app.merchant_memory as memory
where memory.user_id = :user_id and memory.times >= :least and memory.times = memory.of_times
    and not exists (
        select from app.category_rules as rule
        where rule.user_id = memory.user_id and rule.actions ->> 'category' = memory.category_code
            and rule.conditions @> jsonb_build_array(jsonb_build_object('value', memory.merchant_key))
    )
order by corrections desc, lines desc, memory.merchant_key
"""


def checked(rule: NewRule) -> dict[str, object]:
    """A rule as the parameters of its statements; raises RuleRefusedError."""
    if not rule.name.strip():
        _refuse("a rule needs a name")
    if rule.match not in {"all", "any"}:
        _refuse(f"a rule matches 'all' or 'any' of its conditions, not {rule.match!r}")
    if not 0 < len(rule.conditions) <= MAX_CONDITIONS:
        _refuse(f"a rule has 1 to {MAX_CONDITIONS} conditions, this one {len(rule.conditions)}")
    if not rule.actions:
        _refuse(f"a rule does something: one or more of {', '.join(ACTIONS)}")
    conditions = [_condition(condition) for condition in rule.conditions]
    actions = _actions(rule.actions)
    return {
        "name": rule.name.strip()[:200],
        "match": rule.match,
        "conditions": json.dumps(conditions, ensure_ascii=False),
        "actions": json.dumps(actions, ensure_ascii=False),
        "for_past": rule.for_past,
        "category": actions.get("category"),
    }


def add_rule(connection: Connection, user_id: UUID, rule: NewRule) -> UUID:
    """Keep a rule after those that are there; raises RuleRefusedError."""
    values = checked(rule) | {"user_id": user_id, "most": MAX_RULES}
    _check_pattern(connection, rule)
    added: UUID | None = connection.execute(text(ADD), values).scalar_one_or_none()
    if added is None:
        _refuse(f"there are {MAX_RULES} rules already: remove one first")
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


def preview_of(rows: Sequence[tuple[Any, ...]]) -> Preview:
    """The rows of PREVIEW as a value."""
    if not rows:
        return Preview(0, 0, 0)
    holds, changes, kept = rows[0][-3:]
    return Preview(holds, changes, kept, [Example(*row[:-3]) for row in rows])


def suggest_rules(connection: Connection, user_id: UUID, least: int = 2) -> list[Suggestion]:
    """Rules that would say what the user has said ``least`` times, always alike, of one merchant."""
    rows = connection.execute(text(SUGGEST), {"user_id": user_id, "least": least})
    return [suggestion_of(tuple(row)) for row in rows]


def suggestion_of(row: tuple[Any, ...]) -> Suggestion:
    """A row of SUGGEST as a value."""
    merchant, category, corrections, lines, is_in = row
    sign = {"field": "amount", "from_minor": 1} if is_in else {"field": "amount", "to_minor": -1}
    conditions = [{"field": "text", "is": "contains", "value": merchant}, sign]
    return Suggestion(f"{merchant}: {category}", conditions, {"category": category}, corrections, lines)


def as_json(value: Preview | Suggestion | Rule) -> dict[str, Any]:
    """A value as JSON has it."""
    return asdict(value)


def _check_pattern(connection: Connection, rule: NewRule) -> None:
    """Whether Postgres can read the patterns, asked of Postgres itself."""
    for pattern in patterns_of(rule):
        try:
            with connection.begin_nested():
                connection.execute(text("select '' ~* :pattern"), {"pattern": pattern})
        except Exception as error:
            if getattr(getattr(error, "orig", None), "sqlstate", "") != "2201B":
                raise
            _refuse(f"{pattern!r} is no regular expression: {getattr(error, 'orig', error)}")


def patterns_of(rule: NewRule) -> list[str]:
    """The regular expressions of a rule, as Postgres takes them."""
    checked_ones = (_condition(condition) for condition in rule.conditions)
    return [one["value"] for one in checked_ones if one.get("is") == "regex"]


def _condition(condition: Mapping[str, Any]) -> dict[str, Any]:
    kind = condition.get("field")
    known = {
        "text": _text_condition,
        "amount": _amount_condition,
        "account": _account_condition,
        "date": _date_condition,
        "tag": _tag_condition,
    }
    if kind not in known:
        _refuse(f"a condition is about {', '.join(FIELDS)}, not {kind!r}")
    return {"field": kind} | known[str(kind)](condition)


def _text_condition(condition: Mapping[str, Any]) -> dict[str, Any]:
    how, value = condition.get("is", "contains"), condition.get("value")
    if how not in {"contains", "equals", "regex"}:
        _refuse(f"a text contains, equals or matches a regex; {how!r} is none of them")
    if not isinstance(value, str) or not value.strip() or "\x00" in value or len(value) > MAX_PATTERN:
        _refuse(f"a condition on the text needs a value of 1 to {MAX_PATTERN} characters")
    if how == "regex":
        if _UNSAFE_PATTERN.search(value):
            _refuse(
                f"{value!r} uses back references or lookaround, which can take forever: say it without them"
            )
        value = value.replace(r"\b", r"\y")  # a word's edge, as Postgres writes it
    return {"is": how, "value": value}


def _amount_condition(condition: Mapping[str, Any]) -> dict[str, Any]:
    bounds = {key: condition[key] for key in ("from_minor", "to_minor") if condition.get(key) is not None}
    if not bounds or not all(_is_minor(bound) for bound in bounds.values()):
        _refuse("a condition on the amount needs from_minor or to_minor, signed whole minor units")
    return bounds


def _is_minor(bound: object) -> bool:
    return isinstance(bound, int) and not isinstance(bound, bool) and abs(bound) < 2**62


def _account_condition(condition: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return {"value": str(UUID(str(condition.get("value"))))}
    except ValueError:
        _refuse(f"{condition.get('value')!r} is no account's id")


def _date_condition(condition: Mapping[str, Any]) -> dict[str, Any]:
    bounds = {key: condition[key] for key in ("from", "to") if condition.get(key) is not None}
    try:
        found = {key: date.fromisoformat(str(bound)).isoformat() for key, bound in bounds.items()}
    except ValueError:
        _refuse("a condition on the date needs from or to as YYYY-MM-DD")
    if not found:
        _refuse("a condition on the date needs from or to as YYYY-MM-DD")
    return found


def _tag_condition(condition: Mapping[str, Any]) -> dict[str, Any]:
    return {"value": _words(condition.get("value"), "a condition on a tag needs its value")}


def _actions(actions: Mapping[str, Any]) -> dict[str, Any]:
    unknown = set(actions) - set(ACTIONS)
    if unknown:
        _refuse(f"a rule can set {', '.join(ACTIONS)}, not {', '.join(sorted(unknown))}")
    found: dict[str, Any] = {}
    for name in ("category", "merchant", "rename"):
        if name in actions:
            found[name] = _words(actions[name], f"the action {name} needs a text")
    if actions.get("transfer"):
        found["category"] = "internal_transfer"
    if "tags" in actions:
        tags = actions["tags"]
        if not isinstance(tags, list | tuple) or not tags:
            _refuse("the action tags needs a list of tags")
        found["tags"] = [_words(tag, "a tag is a text") for tag in tags]
    if "split" in actions:
        found["split"] = _split(actions["split"])
    if not found:
        _refuse(f"a rule does something: one or more of {', '.join(ACTIONS)}")
    return found


def _split(parts: object) -> list[dict[str, Any]]:
    if not isinstance(parts, list | tuple) or len(parts) < 2:  # noqa: PLR2004 - one part is no split
        _refuse("a split has two parts or more, each with category and share_bp")
    found: list[dict[str, Any]] = []
    for part in parts:
        share = part.get("share_bp") if isinstance(part, Mapping) else None
        if type(share) is not int or not 0 < share < _WHOLE:
            _refuse("a part of a split has a share_bp of 1 to 9999 (hundredths of a percent)")
        found.append({"category": _words(part.get("category"), "a part needs a category"), "share_bp": share})
    if sum(part["share_bp"] for part in found) != _WHOLE:
        _refuse("the shares of a split sum to 10000 hundredths of a percent")
    return found


def _words(value: object, complaint: str) -> str:
    if not isinstance(value, str) or not value.strip() or "\x00" in value or len(value) > MAX_PATTERN:
        _refuse(complaint)
    return value.strip()


def _found(rows: int, rule_id: UUID) -> None:
    if not rows:
        message = f"there is no rule {rule_id}; 'mita rules list' shows their ids"
        raise RuleNotFoundError(message)


def _refuse(message: str) -> NoReturn:
    raise RuleRefusedError(message)
