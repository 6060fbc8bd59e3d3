"""Connections to banks: the client opens the bank's dialogue, the pipeline reads the feed."""

from __future__ import annotations

from typing import Annotated, LiteralString
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, Header, Request, Response

from api.auth.sessions import enter
from api.bank_connections.banks import Banks
from api.bank_connections.schemas import EXAMPLE, BankConnection, LinkRequest, LinkToken, PublicToken
from api.bank_connections.webhooks import Verifier, news_of
from api.database import Work
from api.dependencies import (
    AppDatabase,
    CurrentReader,
    CurrentUser,
    CurrentWriter,
    RequestId,
    address_of,
    services_of,
)
from api.documents import Document, read_own_write
from api.envelope import NEVER_STORE, Envelope, answered, success
from api.errors import (
    ANYONE,
    READING,
    WRITING,
    BankAwayError,
    BankRefusedError,
    NotConfiguredError,
    NotFoundError,
    UnverifiedNewsError,
    answers,
)
from api.schemas import Nothing
from api.strict import StrictRoute
from warehouse.plaid import CURES

router = APIRouter(prefix="/api/bank-connections", tags=["bank connections"], route_class=StrictRoute)

_BANK_ERRORS = (NotConfiguredError, BankRefusedError, BankAwayError)
_CURES = orjson.dumps({**CURES}).decode().replace("'", "''")

CONNECTIONS = Document(f"""
select coalesce(json_agg(
    json_build_object(
        'id', connection.connection_id,
        'institution', connection.institution,
        'status', connection.status,
        'problem', case when connection.error_code is not null then coalesce(
            '{_CURES}'::jsonb ->> connection.error_code, 'the bank cannot be read; it is tried again'
        ) end,
        'problem_code', connection.error_code,
        'is_waiting', connection.wanted_at is not null,
        'connected_at', to_char(connection.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
        'synced_at', to_char(connection.synced_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
        'accounts', (
            select coalesce(json_agg(
                json_build_object(
                    'name', account.name,
                    'mask', account.mask,
                    'kind', account.kind,
                    'currency', account.currency,
                    'balance', account.balance_minor * coalesce(units.unit, 0.01)
                ) order by account.name, account.account_ref
            ), '[]')
            from app.bank_accounts as account
            left join units on account.currency = units.currency
            where account.user_id = connection.user_id and account.connection_id = connection.connection_id
        )
    ) order by connection.connection_id
), '[]') as document
from reader
inner join app.bank_connections as connection on reader.user_id = connection.user_id
where %(connection_id)s::uuid is null or connection.connection_id = %(connection_id)s::uuid
""")  # noqa: S608 - our own advice
_ADD: LiteralString = """
insert into app.bank_connections (user_id, item_id, access_token, institution_id, institution, wanted_at)
values (%(user_id)s, %(item_id)s, %(token)s, %(institution_id)s, %(institution)s, now())
on conflict (user_id, item_id) do update
set access_token = excluded.access_token, status = 'active', error_code = null, wanted_at = now()
returning connection_id
"""
_WANT: LiteralString = """
update app.bank_connections set wanted_at = now(), status = 'active', error_code = null
where user_id = %(user_id)s and connection_id = %(connection_id)s
"""
_SEALED: LiteralString = """
select access_token from app.bank_connections
where user_id = %(user_id)s and connection_id = %(connection_id)s
"""
_REMOVE: LiteralString = """
delete from app.bank_connections where user_id = %(user_id)s and connection_id = %(connection_id)s
"""


async def _banks(request: Request) -> Banks:
    return services_of(request).banks


async def _verifier(request: Request) -> Verifier:
    return services_of(request).bank_news


AppBanks = Annotated[Banks, Depends(_banks)]
AppVerifier = Annotated[Verifier, Depends(_verifier)]


@router.post(
    "/link-token",
    response_model=Envelope[LinkToken],
    responses=answers(NotFoundError, *_BANK_ERRORS, *READING),
)
async def bank_link_token(
    given: LinkRequest, user: CurrentUser, database: AppDatabase, banks: AppBanks, request_id: RequestId
) -> Response:
    """What opens the bank's dialogue in the client: for a new connection, or to renew one."""
    async with database.transaction() as work:
        await enter(work, user)
        country = await _country(work)
        token = await _token(work, user.user_id, given.connection_id) if given.connection_id else None
    made = await banks.link_token(user.user_id, country, token)
    link = LinkToken(link_token=made["link_token"], expiration=str(made["expiration"]))
    return success(link, request_id, NEVER_STORE)


@router.post("", status_code=201, include_in_schema=False)
@router.post(
    "/",
    status_code=201,
    response_model=Envelope[BankConnection],
    responses=answered(EXAMPLE, 201) | answers(*_BANK_ERRORS, *WRITING),
)
async def add_bank_connection(given: PublicToken, writer: CurrentWriter, banks: AppBanks) -> Response:
    """Keep what the bank's dialogue allowed; its transactions follow within minutes."""

    async def connect(work: Work) -> bytes:
        # Within the transaction, because the token can be exchanged once only and a retry must not try again.
        new = await banks.exchange(given.public_token, await _country(work))
        row = await work.row(
            _ADD,
            user_id=writer.principal.user_id,
            item_id=new.item_id,
            token=new.sealed_token,
            institution_id=new.institution_id,
            institution=new.institution,
        )
        connection_id = (row or (None,))[0]
        await work.audit("bank_connected", connection=str(connection_id))
        listed = await read_own_write(work, writer.principal, CONNECTIONS, connection_id=connection_id)
        return _only(listed)

    return await writer.reply(connect, 201)


@router.get("", include_in_schema=False)
@router.get(
    "/", response_model=Envelope[list[BankConnection]], responses=answered([EXAMPLE]) | answers(*READING)
)
async def bank_connections(reader: CurrentReader) -> Response:
    """The banks that the user let us read, each with what is wrong, if anything is."""
    return await reader.reply_now(CONNECTIONS, connection_id=None)


@router.post(
    "/{connection_id}/sync", response_model=Envelope[Nothing], responses=answers(NotFoundError, *WRITING)
)
async def sync_bank_connection(connection_id: UUID, writer: CurrentWriter) -> Response:
    """Read the bank's feed as soon as can be; also what to call after a connection was renewed."""

    async def want(work: Work) -> Nothing:
        if not await work.run(_WANT, user_id=writer.principal.user_id, connection_id=connection_id):
            raise NotFoundError
        return Nothing()

    return await writer.reply(want)


@router.delete(
    "/{connection_id}",
    response_model=Envelope[Nothing],
    responses=answers(NotFoundError, *_BANK_ERRORS, *WRITING),
)
async def remove_bank_connection(connection_id: UUID, writer: CurrentWriter, banks: AppBanks) -> Response:
    """End a connection, here and at Plaid; the transactions that it brought stay."""

    async def remove(work: Work) -> Nothing:
        await banks.remove(await _token(work, writer.principal.user_id, connection_id))
        await work.run(_REMOVE, user_id=writer.principal.user_id, connection_id=connection_id)
        await work.audit("bank_disconnected", connection=str(connection_id))
        return Nothing()

    return await writer.reply(remove)


@router.post("/webhook", response_model=Envelope[Nothing], responses=answers(UnverifiedNewsError, *ANYONE))
async def bank_webhook(
    request: Request,
    database: AppDatabase,
    verifier: AppVerifier,
    request_id: RequestId,
    plaid_verification: Annotated[str, Header(max_length=4000)] = "",
) -> Response:
    """Plaid says that there are news. Nobody signs in here: Plaid's signature over the body is the proof."""
    if not verifier.knows(plaid_verification):
        await services_of(request).rates.spend("address", address_of(request), "webhook")
    body = await request.body()
    await verifier.verify(body, plaid_verification)
    news = news_of(body)
    if news is not None:
        async with database.transaction() as work:
            await work.row(
                "select app.note_bank_news(%(item)s, %(error)s)", item=news.item_id, error=news.error_code
            )
    return success(Nothing(), request_id, NEVER_STORE)


async def _country(work: Work) -> str:
    row = await work.row("select country from app.users where user_id = app.current_user_id()")
    return str((row or ("",))[0])


async def _token(work: Work, user_id: UUID, connection_id: UUID) -> bytes:
    row = await work.row(_SEALED, user_id=user_id, connection_id=connection_id)
    if row is None:
        raise NotFoundError
    return bytes(row[0])


def _only(listed: bytes | None) -> bytes:
    return (listed or b"[null]").strip()[1:-1]
