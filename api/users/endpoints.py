"""Users."""

from __future__ import annotations

from fastapi import APIRouter, Response

from api.database import Work
from api.dependencies import CurrentReader, CurrentWriter, SignInService
from api.envelope import NEVER_STORE, Envelope, answered, downloaded
from api.errors import READING, WRITING, AddressTakenError, WrongAmountError, answers
from api.strict import StrictRoute
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

    async def export(work: Work) -> bytes:
        await work.audit("account_exported")
        row = await work.row("select app.export_current_user()::text")
        return str((row or ("{}",))[0]).encode()

    response = await writer.reply(export)
    response.headers.update({**NEVER_STORE, "content-disposition": 'attachment; filename="mita.json"'})
    return response
