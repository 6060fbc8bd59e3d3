"""Beginning: the answers that a first plan is made of."""

from __future__ import annotations

from fastapi import APIRouter, Response

from api.dependencies import CurrentWriter
from api.envelope import Envelope
from api.errors import WRITING, OverspentIncomeError, WrongAmountError, answers
from api.onboarding.schemas import Answers, Onboarded
from api.onboarding.writing import keep
from api.strict import StrictRoute

router = APIRouter(prefix="/api/onboarding", tags=["onboarding"], route_class=StrictRoute)


@router.post(
    "/submit",
    response_model=Envelope[Onboarded],
    responses=answers(OverspentIncomeError, WrongAmountError, *WRITING),
)
async def submit(given: Answers, writer: CurrentWriter) -> Response:
    """Keep the answers; sending them again replaces them."""
    return await writer.reply(lambda work: keep(work, writer.principal, given))
