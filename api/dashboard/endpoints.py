"""The main screen."""

from __future__ import annotations

from fastapi import APIRouter, Response

from api.dashboard.queries import DASHBOARD
from api.dashboard.schemas import EXAMPLE, Dashboard
from api.dependencies import CurrentReader
from api.envelope import Envelope, answered
from api.errors import READING, answers

router = APIRouter(prefix="/api/dashboard", tags=["dashboard"])


@router.get("", response_model=Envelope[Dashboard], responses=answered(EXAMPLE) | answers(*READING))
@router.get("/", include_in_schema=False)
async def dashboard(reader: CurrentReader) -> Response:
    """Today, this week, the latest purchases and what is on the accounts."""
    return await reader.reply(DASHBOARD)
