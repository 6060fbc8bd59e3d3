"""Paths that answer with what was computed of a user, and take what the user says of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict

from api.database import Work
from api.dependencies import CurrentReader, CurrentWriter
from api.documents import Document
from api.envelope import Envelope
from api.errors import READING, WRITING, NotFoundError, answers
from api.insights.queries import CONSENT, FIGURES, asked
from api.schemas import Nothing
from api.strict import StrictRoute

router = APIRouter(route_class=StrictRoute)

_ENVELOPE: Any = Envelope[Any]
Key = Annotated[str, Path(pattern=r"^[0-9a-f]{24}$")]


class Opinion(BaseModel):
    """Whether it was of use."""

    model_config = ConfigDict(frozen=True)

    useful: bool


class Consent(BaseModel):
    """Whether the user's figures count among those of others; only who takes part sees theirs."""

    model_config = ConfigDict(frozen=True)

    takes_part: bool


_RATE = """
insert into app.insight_ratings (user_id, insight_key, kind, is_useful)
select %(user_id)s, i.insight_key, i.kind, %(useful)s from ml.insights as i
where i.user_id = %(user_id)s and i.insight_key = %(key)s
on conflict (user_id, insight_key) do update set is_useful = excluded.is_useful, rated_at = now()
returning insight_key
"""
_DISMISS = """
insert into app.alert_decisions (user_id, alert_key, kind, is_useful)
select %(user_id)s, a.alert_key, a.kind, %(useful)s from ml.alerts as a
where a.user_id = %(user_id)s and a.alert_key = %(key)s
on conflict (user_id, alert_key) do update set is_useful = excluded.is_useful, decided_at = now()
returning alert_key
"""
_CONSENT = """
insert into app.cohort_consents (user_id, is_in) values (%(user_id)s, %(takes_part)s)
on conflict (user_id) do update set is_in = excluded.is_in, decided_at = now()
"""


def _answer(document: Document) -> Callable[..., Awaitable[Response]]:
    async def figure(
        reader: CurrentReader,
        days: Annotated[int | None, Query(ge=1, le=730)] = None,
        days_ahead: Annotated[int | None, Query(ge=1, le=90)] = None,
    ) -> Response:
        # Models speak without a change of facts, so an answer is never known by the facts' version.
        return await reader.reply_now(document, **asked(document, days, days_ahead))

    figure.__doc__ = "What was computed of the caller, or that there is not enough data yet."
    return figure


def _add(method: str, path: str, document: Document) -> None:
    name = f"{method.lower()}{path.removeprefix('/api').replace('/', '_').replace('-', '_')}".rstrip("_")
    for address in {path, path.rstrip("/")}:
        router.add_api_route(
            address,
            _answer(document),
            methods=[method],
            name=name,
            tags=[path.split("/")[2]],
            include_in_schema=address == path,
            response_model=_ENVELOPE,
            responses=answers(*READING),
        )


for _figure in FIGURES:
    _add(*_figure)


@router.get(
    "/api/cohort/consent", tags=["cohort"], response_model=Envelope[Consent], responses=answers(*READING)
)
async def consent(reader: CurrentReader) -> Response:
    """Whether the caller takes part in comparisons."""
    return await reader.reply_now(CONSENT)


@router.put(
    "/api/cohort/consent", tags=["cohort"], response_model=Envelope[Nothing], responses=answers(*WRITING)
)
async def set_consent(given: Consent, writer: CurrentWriter) -> Response:
    """Take part, or no longer; releases that were made stay as they are."""

    async def keep(work: Work) -> Nothing:
        await work.run(_CONSENT, user_id=writer.principal.user_id, takes_part=given.takes_part)
        return Nothing()

    return await writer.reply(keep)


@router.post(
    "/api/insights/{key}/rating",
    tags=["insights"],
    response_model=Envelope[Nothing],
    responses=answers(*WRITING, NotFoundError),
)
async def rate_insight(key: Key, given: Opinion, writer: CurrentWriter) -> Response:
    """Say whether a finding was of use; the ranking learns from it, and a useless one is not said again."""
    return await writer.reply(_decided(_RATE, key, given, writer))


@router.post(
    "/api/behavior/anomalies/{key}/dismissal",
    tags=["behavior"],
    response_model=Envelope[Nothing],
    responses=answers(*WRITING, NotFoundError),
)
async def dismiss_alert(key: Key, given: Opinion, writer: CurrentWriter) -> Response:
    """Dismiss an alert for good, and say whether it was of use."""
    return await writer.reply(_decided(_DISMISS, key, given, writer))


def _decided(
    statement: str, key: str, given: Opinion, writer: CurrentWriter
) -> Callable[[Work], Awaitable[Nothing]]:
    async def keep(work: Work) -> Nothing:
        found = await work.row(statement, user_id=writer.principal.user_id, key=key, useful=given.useful)
        if found is None:
            raise NotFoundError
        return Nothing()

    return keep
