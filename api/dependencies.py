"""What endpoints are given: who is calling, what they may read and write, and how to answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api.answers import KeptAnswers, Place, versions_in
from api.auth.service import SignIn
from api.auth.sessions import Device, enter
from api.auth.tokens import Principal, Scope
from api.bank_connections.banks import Banks
from api.bank_connections.webhooks import Verifier
from api.changes import Changes
from api.database import Database, Work
from api.documents import Document, read_document
from api.envelope import NEVER_STORE, REVALIDATE, success
from api.errors import InvalidTokenError, NotFoundError, ScopeError
from api.idempotency import IdempotencyKey, Stored, fingerprint_of, recall, remember
from api.rates import Rate, RateLimits
from warehouse.receipt_store import ReceiptStore

_bearer = HTTPBearer(auto_error=False, bearerFormat="JWT", description="The access token of a sign-in.")
MAX_DEVICE_NAME = 200


@dataclass(frozen=True)
class Services:
    """What lives as long as the application."""

    database: Database
    sign_in: SignIn
    rates: RateLimits
    changes: Changes
    answers: KeptAnswers
    banks: Banks
    bank_news: Verifier
    receipts: ReceiptStore


# Dependencies are async although few wait, because FastAPI sends plain functions to a thread; and few,
# because resolving them takes most of a request's time.


def services_of(request: Request) -> Services:
    """The application's own."""
    services: Services = request.app.state.services
    return services


async def _database(request: Request) -> Database:
    return services_of(request).database


async def _sign_in(request: Request) -> SignIn:
    return services_of(request).sign_in


async def _request_id(request: Request) -> str:
    return str(request.state.request_id)


def address_of(request: Request) -> str:
    """The caller's network address; a proxy's word for it counts only if the proxy is trusted."""
    return request.client.host if request.client else ""


async def _device(request: Request) -> Device:
    name = request.headers.get("user-agent", "")
    return Device(
        "".join(filter(str.isprintable, name))[:MAX_DEVICE_NAME],
        address_of(request),
    )


async def _current_user(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Principal:
    if credentials is None:
        raise InvalidTokenError
    services = services_of(request)
    principal = services.sign_in.tokens.read(credentials.credentials)
    if not getattr(request.state, "is_counted", False):
        await services.rates.spend_for(principal)
    return principal


AppDatabase = Annotated[Database, Depends(_database)]
SignInService = Annotated[SignIn, Depends(_sign_in)]
RequestId = Annotated[str, Depends(_request_id)]
CurrentDevice = Annotated[Device, Depends(_device)]
#: Whom the access token speaks for; that it was not revoked is checked by the statement that reads.
CurrentUser = Annotated[Principal, Depends(_current_user)]


def limited(rate: Rate) -> Any:  # noqa: ANN401 - FastAPI's own marker
    """A dependency that counts requests of one address to a route."""

    async def spend(request: Request) -> None:
        await services_of(request).rates.spend(rate, address_of(request), request.url.path)

    return Depends(spend)


def user_limited(rate: Rate) -> Any:  # noqa: ANN401
    """A dependency that counts requests of one user to routes of a kind."""

    async def spend(request: Request, user: CurrentUser) -> None:
        await services_of(request).rates.spend(rate, str(user.user_id))

    return Depends(spend)


def needs(scope: Scope) -> Any:  # noqa: ANN401
    """A dependency that lets only tokens with this scope through; raises ScopeError."""

    async def check(user: CurrentUser) -> None:
        if scope not in user.scopes:
            raise ScopeError({"scope": scope})

    return Depends(check)


@dataclass(frozen=True, slots=True)
class Reader:
    """A signed-in user, and which versions of the answer they have already."""

    database: Database
    principal: Principal
    known: list[str]
    request_id: str
    place: Place | None = None  # where to keep the answer

    async def reply(self, document: Document, **parameters: object) -> Response:
        """The document in its envelope, or 304 if the caller has this version.

        Raises RevokedTokenError, and NotFoundError for a document without a row.
        """
        reading = await read_document(self.database, self.principal, document, self.known, **parameters)
        if self.place is not None and document.follows_facts:
            self.place.keep(reading)
        headers = {**REVALIDATE, "etag": f'W/"{reading.version}"'}
        if reading.data is None and reading.version in self.known:
            return Response(status_code=304, headers=headers)
        if reading.data is None:
            raise NotFoundError
        return success(reading.data, self.request_id, headers)

    async def reply_now(self, document: Document, **parameters: object) -> Response:
        """The same for what no version of facts tells of: never kept."""
        return success(await self.read(document, **parameters), self.request_id, NEVER_STORE)

    async def reply_bare(self, document: Document, **parameters: object) -> Response:
        """The document without its envelope, where the client wants it so."""
        data = await self.read(document, **parameters)
        return Response(data, media_type="application/json", headers=dict(NEVER_STORE))

    async def read(self, document: Document, **parameters: object) -> bytes:
        """The document's JSON; raises RevokedTokenError."""
        reading = await read_document(self.database, self.principal, document, (), **parameters)
        return reading.data or b"null"


async def _reader(request: Request, user: CurrentUser) -> Reader:
    services, scope = services_of(request), request.scope
    known = versions_in(request.headers.get("if-none-match", ""))
    place = None
    if scope["method"] == "GET":
        place = Place(services.answers, (user, scope["path"], scope["query_string"]), scope.get("route"))
    return Reader(services.database, user, known, request.state.request_id, place)


CurrentReader = Annotated[Reader, Depends(_reader)]


@dataclass(frozen=True, slots=True)
class Writer:
    """A signed-in user who changes something, once however often they say it with the same key."""

    database: Database
    principal: Principal
    request_id: str
    key: str | None = None
    fingerprint: bytes = field(default=b"", repr=False)

    async def reply(self, effect: Callable[[Work], Awaitable[object]], status: int = 200) -> Response:
        """Do it and answer with what it gives, all in one transaction.

        Raises RevokedTokenError, KeyReusedError, InFlightError and what the effect raises.
        """
        async with self.database.transaction() as opened:
            work = await enter(opened, self.principal)
            if self.key is None:
                return success(await effect(work), self.request_id, NEVER_STORE, status)
            stored = await recall(work, self.principal.user_id, self.key, self.fingerprint)
            if stored is None:
                answer = success(await effect(work), self.request_id, NEVER_STORE, status)
                stored = Stored(status, bytes(answer.body))
                await remember(work, self.principal.user_id, self.key, self.fingerprint, stored)
        return stored.response()


async def _writer(request: Request, user: CurrentUser, idempotency_key: IdempotencyKey = None) -> Writer:
    services = services_of(request)
    if idempotency_key is None:
        return Writer(services.database, user, request.state.request_id)
    mark = await fingerprint_of(request)
    return Writer(services.database, user, request.state.request_id, idempotency_key, mark)


CurrentWriter = Annotated[Writer, Depends(_writer)]
