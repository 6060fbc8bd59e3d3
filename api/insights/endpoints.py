"""Insights, advice and cohorts: what is known is said, what is not known yet is said to be so."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import orjson
from anyio import to_thread
from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from api.analytics.queries import SIGNED_IN
from api.dependencies import CurrentReader, user_limited
from api.envelope import NEVER_STORE, Envelope, success
from api.errors import READING, answers
from api.insights.categories import suggestions
from api.insights.to_come import TO_COME, ToCome
from api.schemas import GivenAmount, Paragraph
from api.strict import StrictRoute

router = APIRouter(route_class=StrictRoute)


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


def _add(said: ToCome) -> None:
    for path in {said.path, said.path.rstrip("/")}:
        router.add_api_route(
            path,
            _answer(said),
            methods=[said.method],
            name=_name(said.path, said.method),
            tags=[said.path.split("/")[2]],
            include_in_schema=path == said.path,
            response_model=Any if said.bare else Envelope[Any],
            responses=answers(*READING),
        )


for _said in TO_COME:
    _add(_said)
