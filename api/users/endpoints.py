"""Users."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Response
from fastapi.responses import StreamingResponse

from api.auth.sessions import enter
from api.dependencies import CurrentReader, CurrentWriter, SignInService
from api.envelope import NEVER_STORE, Envelope, answered, downloaded
from api.errors import (
    READING,
    WRITING,
    AddressTakenError,
    NotBuiltError,
    NotFoundError,
    SignInAgainError,
    WrongAmountError,
    answers,
)
from api.strict import StrictRoute
from api.users.export import stream_export
from api.users.queries import ME, ME_WITHOUT_MARTS, PREMIUM, PREMIUM_FEATURES, SUBSCRIPTIONS
from api.users.schemas import EXAMPLE, Features, Me, MeChange, Premium
from api.users.writing import change_me

router = APIRouter(prefix="/api/users", tags=["users"], route_class=StrictRoute)


@router.get("/me", response_model=Envelope[Me], responses=answered(EXAMPLE) | answers(*READING))
async def me(reader: CurrentReader) -> Response:
    """Who is signed in."""
    try:
        return await reader.reply(ME)
    except NotBuiltError:
        return await reader.reply(ME_WITHOUT_MARTS)


@router.patch(
    "/me",
    response_model=Envelope[Me],
    responses=answered(EXAMPLE) | answers(WrongAmountError, AddressTakenError, SignInAgainError, *WRITING),
)
async def update_me(given: MeChange, writer: CurrentWriter, sign_in: SignInService) -> Response:
    """Change what was sent; a new address needs a recent sign-in, and has to be verified."""
    return await writer.reply(lambda work: change_me(work, writer.principal, given, sign_in))


@router.get(
    "/me/export",
    response_class=Response,
    responses=downloaded("application/json") | answers(*READING),
)
async def export_me(writer: CurrentWriter) -> Response:
    """Everything that is kept of the user, as JSON by table; secrets and their hashes aside."""
    async with writer.database.transaction() as work:
        await enter(work, writer.principal)
        await work.audit("account_exported")
    content = stream_export(writer.database, writer.principal.user_id, writer.request_id)
    disposition = 'attachment; filename="mita.json"'
    return StreamingResponse(
        content,
        headers={**NEVER_STORE, "content-disposition": disposition},
        media_type="application/json",
    )


@router.get(
    "/{user_id}/premium-status",
    response_model=Envelope[Premium],
    responses=answers(NotFoundError, *READING),
)
async def premium_status(user_id: UUID, reader: CurrentReader) -> Response:
    """Whether the caller has premium; of others nothing is known."""
    return await reader.reply(PREMIUM, asked=user_id)


@router.get(
    "/{user_id}/premium-features",
    response_model=Envelope[Features],
    responses=answers(NotFoundError, *READING),
)
async def premium_features(user_id: UUID, reader: CurrentReader) -> Response:
    """What premium opens for the caller."""
    return await reader.reply(PREMIUM_FEATURES, asked=user_id)


@router.get(
    "/{user_id}/subscription-history",
    response_model=Envelope[list[Premium]],
    responses=answers(NotFoundError, *READING),
)
async def subscription_history(user_id: UUID, reader: CurrentReader) -> Response:
    """What the caller subscribed to within the app: nothing, as that is still to come."""
    return await reader.reply(SUBSCRIPTIONS, asked=user_id)
