"""Paths that answer with what was computed of a user, and take what the user says of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable
from inspect import Parameter, Signature
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, ConfigDict, Field

from api.budget.endpoints import Month, Year, first_day
from api.database import Work
from api.dependencies import CurrentReader, CurrentWriter
from api.documents import Document
from api.envelope import Envelope
from api.errors import READING, WRITING, NotFoundError, answers
from api.insights.days import BEHAVIOR_CALENDAR, EXPENSE_SUGGESTIONS, EXPLANATION
from api.insights.habits import CATEGORY
from api.insights.paths import FIGURES, parameters_of, values_of
from api.insights.queries import CONSENT
from api.insights.to_come import is_bare
from api.schemas import GivenAmount, Line, Nothing, Paragraph
from api.strict import StrictRoute
from api.transactions.schemas import When

router = APIRouter(route_class=StrictRoute)

_ENVELOPE: Any = Envelope[Any]
_BARE: Any = dict[str, Any]
Key = Annotated[str, Path(pattern=r"^[0-9a-f]{24}$")]


class DayRequest(BaseModel):
    """A day to be explained; what the client thinks of it is not needed."""

    model_config = ConfigDict(frozen=True)

    date: When | None = None
    status: Line | None = None
    recommendations: list[Line] = Field(default=[], max_length=50)

    @property
    def day(self) -> dt.date | None:
        """The civil date that was written, whatever the zone of an instant."""
        return self.date.date() if isinstance(self.date, dt.datetime) else self.date


class CalendarRequest(BaseModel):
    """A month; what the client knows beside it is not needed."""

    model_config = ConfigDict(frozen=True, extra="allow")

    year: Annotated[int, Field(ge=2000, le=2100)] | None = None
    month: Annotated[int, Field(ge=1, le=12)] | None = None


class ExpenseRequest(BaseModel):
    """A purchase that somebody thinks of."""

    model_config = ConfigDict(frozen=True)

    category: Line
    amount: GivenAmount | None = None
    description: Paragraph | None = None
    date: When | None = None


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


def _answer(document: Document, *, bare: bool) -> Callable[..., Awaitable[Response]]:
    async def figure(*, reader: CurrentReader, **said: int | None) -> Response:
        # Models speak without a change of facts, so an answer is never known by the facts' version.
        answer = reader.reply_bare if bare else reader.reply_now
        return await answer(document, **values_of(document, said))

    taken = [Parameter("reader", Parameter.KEYWORD_ONLY, annotation=CurrentReader)]
    figure.__signature__ = Signature([*taken, *parameters_of(document)])  # type: ignore[attr-defined]
    figure.__doc__ = "What was computed of the caller, or that there is not enough data yet."
    return figure


def _add(method: str, path: str, document: Document) -> None:
    name = f"{method.lower()}{path.removeprefix('/api').replace('/', '_').replace('-', '_')}".rstrip("_")
    bare = is_bare(method, path)
    answer = _answer(document, bare=bare)
    for address in {path, path.rstrip("/")}:
        router.add_api_route(
            address,
            answer,
            methods=[method],
            name=name,
            tags=[path.split("/")[2]],
            include_in_schema=address == path,
            response_model=_BARE if bare else _ENVELOPE,
            responses=answers(*READING),
        )


for _figure in FIGURES:
    _add(*_figure)


@router.get(
    "/api/behavior/category/{category}",
    tags=["behavior"],
    response_model=_ENVELOPE,
    responses=answers(*READING),
)
async def behavior_category(
    category: Annotated[str, Path(max_length=60, pattern=r"^[^\x00]*$")],
    reader: CurrentReader,
    year: Year = None,
    month: Month = None,
) -> Response:
    """A year of one category: what a purchase usually is, months, shops."""
    return await reader.reply_now(CATEGORY, category=category, first_day=first_day(year, month))


@router.post(
    "/api/ai/day-status-explanation", tags=["ai"], response_model=_ENVELOPE, responses=answers(*READING)
)
async def explain_day(given: DayRequest, reader: CurrentReader) -> Response:
    """Why a day has its colour, in words: what was spent of its plan, for what, and what went beyond."""
    return await reader.reply_now(EXPLANATION, day=given.day)


@router.post(
    "/api/behavior/calendar", tags=["behavior"], response_model=_ENVELOPE, responses=answers(*READING)
)
async def behavior_calendar(given: CalendarRequest, reader: CurrentReader) -> Response:
    """A month's days: plan, spending, and what is expected of days to come."""
    return await reader.reply_now(BEHAVIOR_CALENDAR, first_day=first_day(given.year, given.month))


@router.post(
    "/api/behavior/expense_suggestions",
    tags=["behavior"],
    response_model=_ENVELOPE,
    responses=answers(*READING),
)
async def expense_suggestions(given: ExpenseRequest, reader: CurrentReader) -> Response:
    """What is usual in a category, and what a purchase would leave of its budget."""
    return await reader.reply_now(EXPENSE_SUGGESTIONS, category=given.category, amount=given.amount)


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
