"""What a user does to rules, memory and series, each within the writer's transaction.

The statements are those of the repositories, with parameters as psycopg names them.
"""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

import psycopg

from api.database import Work, named
from api.errors import NotFoundError, invalid_request
from api.rules.schemas import Applied, Follower, RulePreview, RuleSuggestion
from api.schemas import Nothing
from warehouse.repositories import rule_statements as rules
from warehouse.repositories.rule_statements import NewRule, RuleRefusedError

PREVIEWED = 20


async def add_rule(work: Work, user_id: UUID, rule: NewRule) -> dict[str, str]:
    """Keep a rule; raises InvalidRequestError."""
    values = await _checked(work, rule)
    row = await work.row(named(_typed(rules.ADD)), user_id=user_id, most=rules.MAX_RULES, **values)
    if row is None:
        message = f"there are {rules.MAX_RULES} rules already"
        raise invalid_request(message, kind="rule")
    await work.audit("rule_added", rule=str(row[0]))
    return {"rule_id": str(row[0])}


async def preview_rule(work: Work, user_id: UUID, rule: NewRule) -> RulePreview:
    """What a rule would change; raises InvalidRequestError."""
    values = await _checked(work, rule)
    rows = await work.rows(named(_typed(rules.PREVIEW)), user_id=user_id, limit=PREVIEWED, **values)
    return RulePreview(**rules.as_json(rules.preview_of(rows)))


async def suggest_rules(work: Work, user_id: UUID) -> list[dict[str, Any]]:
    """Rules that would say what the user has said."""
    rows = await work.rows(named(rules.SUGGEST), user_id=user_id, least=2)
    found = (RuleSuggestion(**rules.as_json(rules.suggestion_of(row))) for row in rows)
    return [one.model_dump(mode="json") for one in found]


async def remove_rule(work: Work, user_id: UUID, rule_id: UUID) -> Nothing:
    """Forget a rule; raises NotFoundError."""
    if not await work.run(named(rules.REMOVE), user_id=user_id, rule_id=rule_id):
        raise NotFoundError
    await work.audit("rule_removed", rule=str(rule_id))
    return Nothing()


async def switch_rule(work: Work, user_id: UUID, rule_id: UUID, *, is_on: bool) -> Nothing:
    """Turn a rule on or off; raises NotFoundError."""
    if not await work.run(named(rules.SWITCH), user_id=user_id, rule_id=rule_id, is_on=is_on):
        raise NotFoundError
    return Nothing()


async def move_rule(work: Work, user_id: UUID, rule_id: UUID, place: int) -> Nothing:
    """Put a rule at a place; raises NotFoundError."""
    known = "select 1 from app.category_rules where user_id = %(user_id)s and rule_id = %(rule_id)s"
    if await work.row(known, user_id=user_id, rule_id=rule_id) is None:
        raise NotFoundError
    await work.run(named(rules.MOVE), user_id=user_id, rule_id=rule_id, place=place)
    return Nothing()


async def preview_memory(work: Work, user_id: UUID, merchant: str) -> list[dict[str, Any]]:
    """Past lines that would follow."""
    rows = await work.rows(named(rules.FOLLOWERS), user_id=user_id, merchant_key=merchant)
    names = Follower.model_fields
    found = (Follower(**dict(zip(names, row, strict=False))) for row in rows)
    return [one.model_dump(mode="json") for one in found]


async def apply_memory(work: Work, user_id: UUID, merchant: str) -> Applied:
    """Let past lines follow."""
    rows = await work.rows(named(rules.APPLY_MEMORY), user_id=user_id, merchant_key=merchant)
    await work.audit("memory_applied", count=len(rows))
    return Applied(application_id=rows[0][0] if rows else None, lines=len(rows))


async def undo_memory(work: Work, user_id: UUID, application_id: UUID) -> Applied:
    """Take an application back; raises NotFoundError."""
    lines = await work.run(named(rules.UNDO_MEMORY), user_id=user_id, application_id=application_id)
    if not lines:
        raise NotFoundError
    return Applied(application_id=application_id, lines=lines)


async def decide_series(work: Work, user_id: UUID, series_id: UUID, word: str) -> Nothing:
    """Keep the user's word on a series; raises NotFoundError."""
    row = await work.row(named(_typed(rules.DECIDE_SERIES)), user_id=user_id, series_id=series_id, word=word)
    if row is None:
        raise NotFoundError
    return Nothing()


def _typed(query: str) -> str:
    """Postgres cannot tell the type of a bare text parameter that is selected."""
    for name in ("name", "match", "word"):
        query = re.sub(rf"(?<![:(]):{name}\b", f"cast(:{name} as text)", query)
    return query


async def _checked(work: Work, rule: NewRule) -> dict[str, Any]:
    """A rule's parameters; its categories must be leaves, its patterns ones that Postgres reads."""
    try:
        values = rules.checked(rule)
        patterns = rules.patterns_of(rule)
    except RuleRefusedError as refusal:
        raise invalid_request(str(refusal), kind="rule") from None
    for pattern in patterns:
        try:
            async with work.connection.transaction():
                await work.row("select '' ~* %(pattern)s", pattern=pattern)
        except psycopg.errors.InvalidRegularExpression as error:
            message = f"no regular expression: {error}"
            raise invalid_request(message, kind="rule") from None
    wanted = [values["category"], *(part.get("category") for part in rule.actions.get("split") or ())]
    row = await work.row(
        "select array(select code from seeds.categories where code = any(%(codes)s))",
        codes=[code for code in wanted if code],
    )
    unknown = {code for code in wanted if code} - set((row or ([],))[0])
    if unknown:
        message = f"{min(map(str, unknown))!r} is not a category"
        raise invalid_request(message, kind="rule")
    return values
