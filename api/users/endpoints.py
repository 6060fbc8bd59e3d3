"""Users."""

from __future__ import annotations

from fastapi import APIRouter, Response
from fastapi.responses import StreamingResponse

from api.auth.sessions import enter
from api.dependencies import CurrentReader, CurrentWriter, SignInService
from api.envelope import NEVER_STORE, Envelope, answered, downloaded
from api.errors import READING, WRITING, AddressTakenError, WrongAmountError, answers
from api.strict import StrictRoute
from api.users.export import stream_export
from api.users.queries import ME
from api.users.schemas import EXAMPLE, Me, MeChange
from api.users.writing import change_me

router = APIRouter(prefix="/api/users", tags=["users"], route_class=StrictRoute)


@router.get("/me", response_model=Envelope[Me], responses=answered(EXAMPLE) | answers(*READING))
async def me(reader: CurrentReader) -> Response:
    """Who is signed in."""
    return await reader.reply(ME)


@router.patch(
    "/me",
    response_model=Envelope[Me],
    responses=answered(EXAMPLE) | answers(WrongAmountError, AddressTakenError, *WRITING),
)
async def update_me(given: MeChange, writer: CurrentWriter, sign_in: SignInService) -> Response:
    """Change what was sent; a new address has to be verified."""
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
