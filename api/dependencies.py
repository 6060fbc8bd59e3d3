"""What endpoints are given: who is calling, what they may read, and how to answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api.auth.service import SignIn
from api.auth.tokens import Principal
from api.database import Database
from api.documents import Document, read_document
from api.envelope import REVALIDATE, success
from api.errors import InvalidTokenError

_bearer = HTTPBearer(auto_error=False, bearerFormat="JWT", description="The access token of a sign-in.")


@dataclass(frozen=True)
class Services:
    """What lives as long as the application."""

    database: Database
    sign_in: SignIn


# Dependencies are async although none waits, because FastAPI sends plain functions to a thread; and few,
# because resolving them takes most of a request's time.


def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


async def _database(request: Request) -> Database:
    return _services(request).database


async def _sign_in(request: Request) -> SignIn:
    return _services(request).sign_in


async def _request_id(request: Request) -> str:
    return str(request.state.request_id)


async def _current_user(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Principal:
    if credentials is None:
        raise InvalidTokenError
    return _services(request).sign_in.tokens.read(credentials.credentials, "access")


AppDatabase = Annotated[Database, Depends(_database)]
SignInService = Annotated[SignIn, Depends(_sign_in)]
RequestId = Annotated[str, Depends(_request_id)]
#: Whom the access token speaks for; that it was not revoked is checked by the statement that reads.
CurrentUser = Annotated[Principal, Depends(_current_user)]


@dataclass(frozen=True, slots=True)
class Reader:
    """A signed-in user, and which versions of the answer they have already."""

    database: Database
    principal: Principal
    known: list[str]
    request_id: str

    async def reply(self, document: Document, **parameters: object) -> Response:
        """The document in its envelope, or 304 if the caller has this version; raises RevokedTokenError."""
        reading = await read_document(self.database, self.principal, document, self.known, **parameters)
        headers = {**REVALIDATE, "etag": f'W/"{reading.version}"'}
        if reading.data is None:
            return Response(status_code=304, headers=headers)
        return success(reading.data, self.request_id, headers)


async def _reader(request: Request, user: CurrentUser) -> Reader:
    known = _versions(request.headers.get("if-none-match", ""))
    return Reader(_services(request).database, user, known, request.state.request_id)


def _versions(header: str) -> list[str]:
    """The versions in an If-None-Match header, which compares weakly (RFC 9110, 13.1.2)."""
    return [tag.strip().removeprefix("W/").strip('"') for tag in header.split(",") if tag.strip()]


CurrentReader = Annotated[Reader, Depends(_reader)]
