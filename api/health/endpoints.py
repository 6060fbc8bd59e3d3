"""For monitors: does it live, is it ready."""

from __future__ import annotations

from fastapi import APIRouter, Response

from api.dependencies import AppDatabase
from api.envelope import NEVER_STORE
from api.health.readiness import readiness
from api.health.schemas import Health, Readiness

router = APIRouter(tags=["health"])


@router.get("/health")
async def health(response: Response) -> Health:
    """The process answers, whatever else may be wrong."""
    response.headers.update(NEVER_STORE)
    return Health()


@router.get("/ready", responses={503: {"model": Readiness, "description": "Something is missing."}})
async def ready(database: AppDatabase, response: Response) -> Readiness:
    """Whether everything is there that answers need, and what is not."""
    state = await readiness(database)
    response.headers.update(NEVER_STORE)
    response.status_code = 503 if state.missing else 200
    return state
