"""What a rule may say, and the statements that keep rules, memory and words on series.

Plain SQL with named parameters and no SQLAlchemy, because the API sends the same statements through psycopg.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any, NoReturn
from uuid import UUID

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


# Lines of the merchant whose category nobody but memory or a model has said, and which is another one.
FOLLOWERS = """
select
    line.transaction_id, line.spent_date, line.description, line.amount_minor, line.currency,
    standing.category_code as category_before, memory.category_code as category_after,
    memory.probability, memory.times, memory.of_times
from app.merchant_memory as memory
inner join app.transactions as line
    on memory.user_id = line.user_id and memory.merchant_key = line.merchant_key
    and memory.is_in = (line.amount_minor > 0)
inner join app.standing_categories as standing
    on line.user_id = standing.user_id and line.transaction_id = standing.transaction_id
where memory.user_id = :user_id and memory.merchant_key = :merchant_key and line.deleted_at is null
    and standing.category_origin not in ('user', 'rule')
    and (standing.category_code <> memory.category_code or standing.category_origin <> 'memory')
order by line.spent_date desc, line.transaction_id
"""
APPLY_MEMORY = f"""
with application as (select uuidv7() as application_id),
followers as ({FOLLOWERS})
insert into app.memory_matches (
    user_id, transaction_id, application_id, category_code, probability, times, of_times, remembered_at
)
select
    :user_id, followers.transaction_id, application.application_id, followers.category_after,
    followers.probability, followers.times, followers.of_times, clock_timestamp()
from followers cross join application
returning application_id
"""  # noqa: S608 - parts of our own
UNDO_MEMORY = "delete from app.memory_matches where user_id = :user_id and application_id = :application_id"


#: The entries of a series' lines, by which it is known again; files that are undone leave them as they were.
DECIDE_SERIES = """
insert into app.recurring_decisions (user_id, word, entry_ids, payee, direction, currency, cadence)
select s.user_id, :word, array_agg(distinct o.transaction_id), s.payee, s.direction, s.currency, s.cadence
from ml.recurring_series as s
inner join ml.recurring_occurrences as o using (user_id, series_id)
where s.user_id = :user_id and s.series_id = :series_id
group by s.user_id, s.payee, s.direction, s.currency, s.cadence
returning decision_id
"""


def checked(rule: NewRule) -> dict[str, object]:
    """A rule as the parameters of its statements; raises RuleRefusedError."""
    if not rule.name.strip():
        refuse("a rule needs a name")
    if rule.match not in {"all", "any"}:
        refuse(f"a rule matches 'all' or 'any' of its conditions, not {rule.match!r}")
    if not 0 < len(rule.conditions) <= MAX_CONDITIONS:
        refuse(f"a rule has 1 to {MAX_CONDITIONS} conditions, this one {len(rule.conditions)}")
    if not rule.actions:
        refuse(f"a rule does something: one or more of {', '.join(ACTIONS)}")
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


def preview_of(rows: Sequence[tuple[Any, ...]]) -> Preview:
    """The rows of PREVIEW as a value."""
    if not rows:
        return Preview(0, 0, 0)
    holds, changes, kept = rows[0][-3:]
    return Preview(holds, changes, kept, [Example(*row[:-3]) for row in rows])


def suggestion_of(row: tuple[Any, ...]) -> Suggestion:
    """A row of SUGGEST as a value."""
    merchant, category, corrections, lines, is_in = row
    sign = {"field": "amount", "from_minor": 1} if is_in else {"field": "amount", "to_minor": -1}
    conditions = [{"field": "text", "is": "contains", "value": merchant}, sign]
    return Suggestion(f"{merchant}: {category}", conditions, {"category": category}, corrections, lines)


def as_json(value: Preview | Suggestion | Rule) -> dict[str, Any]:
    """A value as JSON has it."""
    return asdict(value)


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
        refuse(f"a condition is about {', '.join(FIELDS)}, not {kind!r}")
    return {"field": kind} | known[str(kind)](condition)


def _text_condition(condition: Mapping[str, Any]) -> dict[str, Any]:
    how, value = condition.get("is", "contains"), condition.get("value")
    if how not in {"contains", "equals", "regex"}:
        refuse(f"a text contains, equals or matches a regex; {how!r} is none of them")
    if not isinstance(value, str) or not value.strip() or "\x00" in value or len(value) > MAX_PATTERN:
        refuse(f"a condition on the text needs a value of 1 to {MAX_PATTERN} characters")
    if how == "regex":
        if _UNSAFE_PATTERN.search(value):
            refuse(
                f"{value!r} uses back references or lookaround, which can take forever: say it without them"
            )
        value = value.replace(r"\b", r"\y")  # a word's edge, as Postgres writes it
    return {"is": how, "value": value}


def _amount_condition(condition: Mapping[str, Any]) -> dict[str, Any]:
    bounds = {key: condition[key] for key in ("from_minor", "to_minor") if condition.get(key) is not None}
    if not bounds or not all(_is_minor(bound) for bound in bounds.values()):
        refuse("a condition on the amount needs from_minor or to_minor, signed whole minor units")
    return bounds


def _is_minor(bound: object) -> bool:
    return isinstance(bound, int) and not isinstance(bound, bool) and abs(bound) < 2**62


def _account_condition(condition: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return {"value": str(UUID(str(condition.get("value"))))}
    except ValueError:
        refuse(f"{condition.get('value')!r} is no account's id")


def _date_condition(condition: Mapping[str, Any]) -> dict[str, Any]:
    bounds = {key: condition[key] for key in ("from", "to") if condition.get(key) is not None}
    try:
        found = {key: date.fromisoformat(str(bound)).isoformat() for key, bound in bounds.items()}
    except ValueError:
        refuse("a condition on the date needs from or to as YYYY-MM-DD")
    if not found:
        refuse("a condition on the date needs from or to as YYYY-MM-DD")
    return found


def _tag_condition(condition: Mapping[str, Any]) -> dict[str, Any]:
    return {"value": _words(condition.get("value"), "a condition on a tag needs its value")}


def _actions(actions: Mapping[str, Any]) -> dict[str, Any]:
    unknown = set(actions) - set(ACTIONS)
    if unknown:
        refuse(f"a rule can set {', '.join(ACTIONS)}, not {', '.join(sorted(unknown))}")
    found: dict[str, Any] = {}
    for name in ("category", "merchant", "rename"):
        if name in actions:
            found[name] = _words(actions[name], f"the action {name} needs a text")
    if actions.get("transfer"):
        found["category"] = "internal_transfer"
    if "tags" in actions:
        tags = actions["tags"]
        if not isinstance(tags, list | tuple) or not tags:
            refuse("the action tags needs a list of tags")
        found["tags"] = [_words(tag, "a tag is a text") for tag in tags]
    if "split" in actions:
        found["split"] = _split(actions["split"])
    if not found:
        refuse(f"a rule does something: one or more of {', '.join(ACTIONS)}")
    return found


def _split(parts: object) -> list[dict[str, Any]]:
    if not isinstance(parts, list | tuple) or len(parts) < 2:  # noqa: PLR2004 - one part is no split
        refuse("a split has two parts or more, each with category and share_bp")
    found: list[dict[str, Any]] = []
    for part in parts:
        share = part.get("share_bp") if isinstance(part, Mapping) else None
        if type(share) is not int or not 0 < share < _WHOLE:
            refuse("a part of a split has a share_bp of 1 to 9999 (hundredths of a percent)")
        found.append({"category": _words(part.get("category"), "a part needs a category"), "share_bp": share})
    if sum(part["share_bp"] for part in found) != _WHOLE:
        refuse("the shares of a split sum to 10000 hundredths of a percent")
    return found


def _words(value: object, complaint: str) -> str:
    if not isinstance(value, str) or not value.strip() or "\x00" in value or len(value) > MAX_PATTERN:
        refuse(complaint)
    return value.strip()


def refuse(message: str) -> NoReturn:
    """Raise RuleRefusedError with this message."""
    raise RuleRefusedError(message)
