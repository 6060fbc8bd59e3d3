"""Users."""

from __future__ import annotations

from fastapi import APIRouter, Response

from api.dependencies import CurrentReader
from api.envelope import Envelope, answered
from api.errors import READING, answers
from api.users.queries import ME
from api.users.schemas import EXAMPLE, Me

router = APIRouter(prefix="/api/users", tags=["users"])


@router.get("/me", response_model=Envelope[Me], responses=answered(EXAMPLE) | answers(*READING))
async def me(reader: CurrentReader) -> Response:
    """Who is signed in."""
    return await reader.reply(ME)
