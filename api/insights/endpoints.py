"""Insights, advice and cohorts: what is known is said, what is not known yet is said to be so."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, LiteralString
from uuid import UUID

import orjson
from anyio import to_thread
from fastapi import APIRouter, Response
from psycopg.types.json import Jsonb
from pydantic import BaseModel, ConfigDict, Field

from api.analytics.queries import SIGNED_IN
from api.database import Work
from api.dependencies import CurrentReader, CurrentWriter, user_limited
from api.documents import Document
from api.envelope import NEVER_STORE, Envelope, success
from api.errors import READING, WRITING, answers
from api.insights import figures
from api.insights.categories import suggestions
from api.insights.to_come import TO_COME, ToCome
from api.schemas import GivenAmount, JsonObject, Nothing, Paragraph
from api.strict import StrictRoute

router = APIRouter(route_class=StrictRoute)

BEHAVIOR_PREFERENCES = Document("""
select coalesce(chosen.settings -> 'behavior', '{}')::json as document
from reader
left join app.preferences as chosen on reader.user_id = chosen.user_id
""")
NOTIFICATION_SETTINGS = Document("""
select json_build_object(
    'pattern_alerts', coalesce((chosen.settings #>> '{notifications_of,pattern_alerts}')::bool, true),
    'anomaly_detection', coalesce((chosen.settings #>> '{notifications_of,anomaly_detection}')::bool, true),
    'budget_adaptation', coalesce((chosen.settings #>> '{notifications_of,budget_adaptation}')::bool, true),
    'weekly_insights', coalesce((chosen.settings #>> '{notifications_of,weekly_insights}')::bool, true)
) as document
from reader
left join app.preferences as chosen on reader.user_id = chosen.user_id
""")
_CHOOSE: LiteralString = """
insert into app.preferences (user_id, settings)
values (%(user_id)s, jsonb_build_object(%(name)s::text, %(given)s::jsonb))
on conflict (user_id) do update
set
    settings = preferences.settings || jsonb_build_object(
        %(name)s::text, coalesce(preferences.settings -> %(name)s::text, '{}') || %(given)s::jsonb
    ),
    updated_at = now()
"""


class SuggestionRequest(BaseModel):
    """What somebody bought, in their words or the bank's."""

    model_config = ConfigDict(frozen=True)

    description: Annotated[Paragraph, Field(min_length=1)]
    amount: GivenAmount | None = None


class CategorySuggestion(BaseModel):
    """A category with how sure the model is."""

    category: str
    confidence: float = Field(ge=0, le=1)
    reason: str


class NotificationSettings(BaseModel):
    """Of what the user wants to hear."""

    pattern_alerts: bool = True
    anomaly_detection: bool = True
    budget_adaptation: bool = True
    weekly_insights: bool = True


class Strings(BaseModel):
    """Names of categories."""

    suggestions: list[str]


@router.post(
    "/api/ai/category-suggestions",
    tags=["ai"],
    response_model=Envelope[list[CategorySuggestion]],
    dependencies=[user_limited("ai")],
    responses=answers(*READING),
)
async def category_suggestions(given: SuggestionRequest, reader: CurrentReader) -> Response:
    """The three likeliest categories of a purchase, by the model that the platform ships."""
    await reader.read(SIGNED_IN)
    found = await to_thread.run_sync(suggestions, given.description)
    return success(found, reader.request_id, NEVER_STORE)


@router.post(
    "/api/ocr/categorize",
    tags=["ocr"],
    response_model=Envelope[Strings],
    dependencies=[user_limited("ocr")],
    responses=answers(*READING),
)
async def categorize(given: SuggestionRequest, reader: CurrentReader) -> Response:
    """The same as names only."""
    await reader.read(SIGNED_IN)
    found = await to_thread.run_sync(suggestions, given.description)
    return success({"suggestions": [one["category"] for one in found]}, reader.request_id, NEVER_STORE)


async def _change(work: Work, user_id: UUID, name: str, given: dict[str, Any]) -> None:
    await work.run(_CHOOSE, user_id=user_id, name=name, given=Jsonb(given))


@router.get(
    "/api/behavior/preferences",
    tags=["behavior"],
    response_model=Envelope[dict[str, Any]],
    responses=answers(*READING),
)
async def behavior_preferences(reader: CurrentReader) -> Response:
    """What the user chose, as it was sent."""
    return await reader.reply(BEHAVIOR_PREFERENCES)


@router.patch(
    "/api/behavior/preferences",
    tags=["behavior"],
    response_model=Envelope[Nothing],
    responses=answers(*WRITING),
)
async def set_behavior_preferences(given: JsonObject, writer: CurrentWriter) -> Response:
    """Keep what the user chose; what is absent stays."""

    async def keep(work: Work) -> Nothing:
        await _change(work, writer.principal.user_id, "behavior", given)
        return Nothing()

    return await writer.reply(keep)


@router.get(
    "/api/behavior/notification_settings",
    tags=["behavior"],
    response_model=Envelope[NotificationSettings],
    responses=answers(*READING),
)
async def notification_settings(reader: CurrentReader) -> Response:
    """Of what the user wants to hear."""
    return await reader.reply(NOTIFICATION_SETTINGS)


@router.patch(
    "/api/behavior/notification_settings",
    tags=["behavior"],
    response_model=Envelope[Nothing],
    responses=answers(*WRITING),
)
async def set_notification_settings(given: NotificationSettings, writer: CurrentWriter) -> Response:
    """Choose of what to hear; what is absent stays."""

    async def keep(work: Work) -> Nothing:
        chosen = given.model_dump(exclude_unset=True)
        await _change(work, writer.principal.user_id, "notifications_of", chosen)
        return Nothing()

    return await writer.reply(keep)


def _answer(said: ToCome) -> Callable[[CurrentReader], Awaitable[Response]]:
    content = orjson.dumps(said.data)

    async def not_yet(reader: CurrentReader) -> Response:
        await reader.read(SIGNED_IN)
        if said.bare:
            return Response(content, headers=dict(NEVER_STORE), media_type="application/json")
        return success(content, reader.request_id, NEVER_STORE)

    not_yet.__doc__ = "Not computed yet: says that there is not enough data, in the shape of the figure."
    return not_yet


def _name(path: str, method: str) -> str:
    return f"{method.lower()}{path.removeprefix('/api').translate(str.maketrans('/-', '__', '{}'))}".rstrip(
        "_"
    )


#: One for all of them, as each is built at start-up.
_ANY: dict[bool, Any] = {True: dict[str, Any], False: Envelope[Any]}


def _add(said: ToCome) -> None:
    for path in {said.path, said.path.rstrip("/")}:
        router.add_api_route(
            path,
            _answer(said),
            methods=[said.method],
            name=_name(said.path, said.method),
            tags=[said.path.split("/")[2]],
            include_in_schema=path == said.path,
            response_model=_ANY[said.bare],
            responses=answers(*READING),
        )


router.include_router(figures.router)
_COMPUTED = {(method, route.path) for route in figures.router.routes for method in route.methods}  # type: ignore[attr-defined]
for _said in TO_COME:
    if (_said.method, _said.path) not in _COMPUTED:
        _add(_said)
