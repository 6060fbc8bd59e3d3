"""Transactions."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.dependencies import CurrentReader
from api.envelope import Envelope, answered
from api.errors import READING, answers
from api.transactions.queries import PAGE
from api.transactions.schemas import EXAMPLE, PageQuery, Transaction

router = APIRouter(prefix="/api/transactions", tags=["transactions"])


@router.get("", include_in_schema=False)
@router.get("/", response_model=Envelope[list[Transaction]], responses=answered(EXAMPLE) | answers(*READING))
async def transactions(query: Annotated[PageQuery, Query()], reader: CurrentReader) -> Response:
    """Purchases and refunds, the latest first; with `include=all` everything on the accounts."""
    return await reader.reply(PAGE, **query.parameters())
