"""Rules, what corrections taught, and what comes again."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Response

from api.dependencies import CurrentReader, CurrentWriter
from api.envelope import Envelope
from api.errors import READING, WRITING, NotFoundError, answers
from api.rules import writing
from api.rules.queries import MEMORY, RULES, SERIES
from api.rules.schemas import (
    Applied,
    Follower,
    MerchantRequest,
    MoveRequest,
    Remembered,
    Rule,
    RulePreview,
    RuleRequest,
    RuleSuggestion,
    Series,
    SwitchRequest,
    WordRequest,
)
from api.schemas import Nothing
from api.strict import StrictRoute

router = APIRouter(prefix="/api", route_class=StrictRoute)
_CHANGING = answers(NotFoundError, *WRITING)


@router.get("/rules", tags=["rules"], response_model=Envelope[list[Rule]], responses=answers(*READING))
async def rules(reader: CurrentReader) -> Response:
    """Your rules in their order; where two disagree, the first one's word holds."""
    return await reader.reply(RULES)


@router.post(
    "/rules",
    tags=["rules"],
    status_code=201,
    response_model=Envelope[dict[str, UUID]],
    responses=answers(*WRITING),
)
async def add_rule(given: RuleRequest, writer: CurrentWriter) -> Response:
    """Keep a rule; its lines have their category from this answer on."""
    return await writer.reply(
        lambda work: writing.add_rule(work, writer.principal.user_id, given.rule()), 201
    )


@router.post(
    "/rules/preview", tags=["rules"], response_model=Envelope[RulePreview], responses=answers(*WRITING)
)
async def preview_rule(given: RuleRequest, writer: CurrentWriter) -> Response:
    """What a rule would change, without keeping it."""
    return await writer.reply(lambda work: writing.preview_rule(work, writer.principal.user_id, given.rule()))


@router.get(
    "/rules/suggestions",
    tags=["rules"],
    response_model=Envelope[list[RuleSuggestion]],
    responses=answers(*WRITING),
)
async def rule_suggestions(writer: CurrentWriter) -> Response:
    """Rules that would say what you have said line by line."""
    return await writer.reply(lambda work: writing.suggest_rules(work, writer.principal.user_id))


@router.delete("/rules/{rule_id}", tags=["rules"], response_model=Envelope[Nothing], responses=_CHANGING)
async def remove_rule(rule_id: UUID, writer: CurrentWriter) -> Response:
    """Forget a rule; all that it did is taken back."""
    return await writer.reply(lambda work: writing.remove_rule(work, writer.principal.user_id, rule_id))


@router.put("/rules/{rule_id}/place", tags=["rules"], response_model=Envelope[Nothing], responses=_CHANGING)
async def move_rule(rule_id: UUID, given: MoveRequest, writer: CurrentWriter) -> Response:
    """Put a rule at another place."""
    return await writer.reply(
        lambda work: writing.move_rule(work, writer.principal.user_id, rule_id, given.place)
    )


@router.put("/rules/{rule_id}/state", tags=["rules"], response_model=Envelope[Nothing], responses=_CHANGING)
async def switch_rule(rule_id: UUID, given: SwitchRequest, writer: CurrentWriter) -> Response:
    """Turn a rule off, which takes back what it did, or on."""
    return await writer.reply(
        lambda work: writing.switch_rule(work, writer.principal.user_id, rule_id, is_on=given.is_on)
    )


@router.get("/memory", tags=["rules"], response_model=Envelope[list[Remembered]], responses=answers(*READING))
async def memory(reader: CurrentReader) -> Response:
    """What your corrections say of each merchant; the next line of it follows by itself."""
    return await reader.reply(MEMORY)


@router.post(
    "/memory/preview", tags=["rules"], response_model=Envelope[list[Follower]], responses=answers(*WRITING)
)
async def preview_memory(given: MerchantRequest, writer: CurrentWriter) -> Response:
    """Past lines that would follow what you said of a merchant."""
    return await writer.reply(
        lambda work: writing.preview_memory(work, writer.principal.user_id, given.merchant)
    )


@router.post("/memory/apply", tags=["rules"], response_model=Envelope[Applied], responses=answers(*WRITING))
async def apply_memory(given: MerchantRequest, writer: CurrentWriter) -> Response:
    """Let past lines of a merchant follow."""
    return await writer.reply(
        lambda work: writing.apply_memory(work, writer.principal.user_id, given.merchant)
    )


@router.delete(
    "/memory/applications/{application_id}",
    tags=["rules"],
    response_model=Envelope[Applied],
    responses=_CHANGING,
)
async def undo_memory(application_id: UUID, writer: CurrentWriter) -> Response:
    """Take an application back."""
    return await writer.reply(
        lambda work: writing.undo_memory(work, writer.principal.user_id, application_id)
    )


@router.get(
    "/recurring", tags=["recurring"], response_model=Envelope[list[Series]], responses=answers(*READING)
)
async def recurring(reader: CurrentReader) -> Response:
    """Bills, subscriptions and pay that come again: when and how much next."""
    return await reader.reply(SERIES)


@router.put(
    "/recurring/{series_id}/word",
    tags=["recurring"],
    response_model=Envelope[Nothing],
    responses=_CHANGING,
)
async def decide_series(series_id: UUID, given: WordRequest, writer: CurrentWriter) -> Response:
    """Confirm or reject a series, once."""
    return await writer.reply(
        lambda work: writing.decide_series(work, writer.principal.user_id, series_id, given.word)
    )
