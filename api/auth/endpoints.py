"""Signing in and staying signed in."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Annotated
from uuid import UUID

from anyio import to_thread
from fastapi import APIRouter, Query, Request, Response

from api.auth import factors
from api.auth.passkeys import remove_passkey
from api.auth.queries import PASSKEYS, SECURITY_STATUS, SESSIONS
from api.auth.registration import account_of
from api.auth.schemas import (
    EXAMPLE,
    ChangeRequest,
    CodeRequest,
    Credentials,
    EraseRequest,
    ForgotRequest,
    GoogleRequest,
    LogoutRequest,
    Passkey,
    PasskeyCreated,
    PasskeyId,
    PasskeyOptions,
    PasskeySigned,
    RecoveryCodes,
    RefreshRequest,
    Registration,
    ResetRequest,
    SecurityStatus,
    Session,
    Token,
    TokenAnswer,
    Totp,
    VerifyRequest,
)
from api.auth.sessions import check_recent, end_session
from api.database import Work
from api.dependencies import (
    CurrentDevice,
    CurrentReader,
    CurrentUser,
    CurrentWriter,
    RequestId,
    SignInService,
    limited,
    services_of,
)
from api.envelope import NEVER_STORE, Envelope, answered, success
from api.errors import (
    ANYONE,
    READING,
    WRITING,
    AddressTakenError,
    AppError,
    ExpiredTokenError,
    InvalidLinkError,
    InvalidTokenError,
    NotConfiguredError,
    NotFoundError,
    RefusedIdentityError,
    ReusedTokenError,
    RevokedTokenError,
    SecondFactorNeededError,
    SignInAgainError,
    WeakPasswordError,
    WrongAmountError,
    WrongCredentialsError,
    WrongSecondFactorError,
    answers,
)
from api.schemas import Nothing
from api.strict import StrictRoute

router = APIRouter(prefix="/api/auth", tags=["auth"], route_class=StrictRoute)


@router.post(
    "/register",
    status_code=201,
    response_model=Envelope[TokenAnswer],
    dependencies=[limited("register")],
    responses=answered(EXAMPLE, 201)
    | answers(WeakPasswordError, WrongAmountError, AddressTakenError, *ANYONE),
)
async def register(
    registration: Registration, sign_in: SignInService, device: CurrentDevice, request_id: RequestId
) -> Response:
    """Make an account and sign in to it; a link to verify the address is mailed."""
    pair = await sign_in.register(account_of(registration), device)
    return success(TokenAnswer.of(pair), request_id, NEVER_STORE, 201)


@router.post(
    "/login",
    response_model=Envelope[TokenAnswer],
    dependencies=[limited("login")],
    responses=answered(EXAMPLE)
    | answers(WrongCredentialsError, SecondFactorNeededError, WrongSecondFactorError, *ANYONE),
)
async def login(
    credentials: Credentials,
    request: Request,
    sign_in: SignInService,
    device: CurrentDevice,
    request_id: RequestId,
) -> Response:
    """Sign in with an address and a password, and a code where there is a second factor."""
    await services_of(request).rates.spend("login", credentials.email.lower())
    pair = await sign_in.with_password(credentials.email, credentials.password, credentials.code, device)
    return success(TokenAnswer.of(pair), request_id, NEVER_STORE)


@router.post(
    "/google",
    response_model=Envelope[TokenAnswer],
    dependencies=[limited("login")],
    responses=answered(EXAMPLE)
    | answers(
        RefusedIdentityError, SecondFactorNeededError, WrongSecondFactorError, NotConfiguredError, *ANYONE
    ),
)
async def google(
    given: GoogleRequest, sign_in: SignInService, device: CurrentDevice, request_id: RequestId
) -> Response:
    """Sign in with Google's ID token, and a code where there is a second factor."""
    pair = await sign_in.with_google(given.id_token, given.code, device)
    return success(TokenAnswer.of(pair), request_id, NEVER_STORE)


@router.post(
    "/refresh-token",
    response_model=Envelope[TokenAnswer],
    dependencies=[limited("refresh")],
    responses=answered(EXAMPLE)
    | answers(InvalidTokenError, ExpiredTokenError, RevokedTokenError, ReusedTokenError, *ANYONE),
)
@router.post("/refresh", include_in_schema=False, dependencies=[limited("refresh")])
async def refresh(given: RefreshRequest, sign_in: SignInService, request_id: RequestId) -> Response:
    """Trade a refresh token for a new pair; trading it twice ends the session."""
    pair = await sign_in.with_refresh_token(given.refresh_token)
    return success(TokenAnswer.of(pair), request_id, NEVER_STORE)


@router.post(
    "/logout",
    response_model=Envelope[Nothing],
    responses=answers(InvalidTokenError, ExpiredTokenError, RevokedTokenError, *ANYONE),
)
async def logout(
    request: Request, sign_in: SignInService, request_id: RequestId, given: LogoutRequest | None = None
) -> Response:
    """End this session: neither of its tokens counts any longer."""
    if given is not None and given.refresh_token:
        principal, _ = sign_in.tokens.read_refresh(given.refresh_token)
    else:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise InvalidTokenError
        principal = sign_in.tokens.read(token)
    await sign_in.end(principal)
    return success(Nothing(), request_id, NEVER_STORE)


@router.post(
    "/forgot-password",
    response_model=Envelope[Nothing],
    dependencies=[limited("mail")],
    responses=answers(*ANYONE),
)
async def forgot_password(given: ForgotRequest, sign_in: SignInService, request_id: RequestId) -> Response:
    """Mail a link for a new password; the answer is the same for an address that nobody has."""
    await sign_in.forget_password(given.email, given.redirect_url)
    return success(Nothing(), request_id, NEVER_STORE)


@router.get(
    "/verify-reset-token",
    response_model=Envelope[Nothing],
    dependencies=[limited("address")],
    responses=answers(InvalidLinkError, *ANYONE),
)
async def verify_reset_token(
    token: Annotated[Token, Query()], sign_in: SignInService, request_id: RequestId
) -> Response:
    """Whether a mailed token still counts."""
    await sign_in.check_link(token, "reset_password")
    return success(Nothing(), request_id, NEVER_STORE)


@router.post(
    "/reset-password",
    response_model=Envelope[Nothing],
    dependencies=[limited("address")],
    responses=answers(InvalidLinkError, WeakPasswordError, *ANYONE),
)
async def reset_password(given: ResetRequest, sign_in: SignInService, request_id: RequestId) -> Response:
    """Set a new password by a mailed token; every session of the user ends."""
    await sign_in.reset_password(given.token, given.new_password)
    return success(Nothing(), request_id, NEVER_STORE)


@router.post(
    "/verify-email",
    response_model=Envelope[Nothing],
    dependencies=[limited("address")],
    responses=answers(InvalidLinkError, *ANYONE),
)
async def verify_email(given: VerifyRequest, sign_in: SignInService, request_id: RequestId) -> Response:
    """Prove by a mailed token that the address is one's own."""
    await sign_in.verify_email(given.token)
    return success(Nothing(), request_id, NEVER_STORE)


@router.post(
    "/change-password",
    response_model=Envelope[Nothing],
    responses=answers(WrongCredentialsError, WeakPasswordError, *WRITING),
)
async def change_password(
    given: ChangeRequest, user: CurrentUser, sign_in: SignInService, request_id: RequestId
) -> Response:
    """Change the password; the user's other sessions end."""
    await sign_in.change_password(user, given.current_password, given.new_password)
    return success(Nothing(), request_id, NEVER_STORE)


@router.get("/security-status", response_model=Envelope[SecurityStatus], responses=answers(*READING))
async def security_status(reader: CurrentReader) -> Response:
    """How well the account is kept, and what happened lately."""
    return await reader.reply_now(SECURITY_STATUS)


@router.get("/sessions", response_model=Envelope[list[Session]], responses=answers(*READING))
async def sessions(reader: CurrentReader) -> Response:
    """Where the user is signed in."""
    return await reader.reply_now(SESSIONS, current=reader.principal.session_id)


@router.delete(
    "/sessions/{session_id}",
    response_model=Envelope[Nothing],
    responses=answers(NotFoundError, *WRITING),
)
async def end_one_session(session_id: UUID, writer: CurrentWriter) -> Response:
    """Sign out elsewhere."""

    async def end(work: Work) -> Nothing:
        if not await end_session(work, writer.principal.user_id, session_id, "ended_by_user"):
            raise NotFoundError
        return Nothing()

    return await writer.reply(end)


@router.post(
    "/totp", response_model=Envelope[Totp], responses=answers(NotFoundError, SignInAgainError, *WRITING)
)
async def begin_totp(writer: CurrentWriter, sign_in: SignInService) -> Response:
    """Begin a second factor, soon after signing in; it counts once a code was confirmed."""

    async def begin(work: Work) -> Totp:
        await check_recent(work, writer.principal)
        begun = await factors.begin_totp(work, sign_in.vault, writer.principal.user_id, await _email(work))
        if begun is None:
            raise NotFoundError
        return Totp(**begun)

    return await writer.reply(begin)


@router.post(
    "/totp/confirm",
    response_model=Envelope[RecoveryCodes],
    dependencies=[limited("login")],
    responses=answers(WrongSecondFactorError, *WRITING),
)
async def confirm_totp(given: CodeRequest, writer: CurrentWriter, sign_in: SignInService) -> Response:
    """Turn the second factor on with a first code."""

    async def confirm(work: Work) -> RecoveryCodes:
        codes = await factors.confirm_totp(work, sign_in.vault, writer.principal.user_id, given.code)
        return RecoveryCodes(recovery_codes=codes)

    return await writer.reply(confirm)


@router.post(
    "/totp/off",
    response_model=Envelope[Nothing],
    dependencies=[limited("login")],
    responses=answers(WrongSecondFactorError, *WRITING),
)
async def end_totp(given: CodeRequest, writer: CurrentWriter, sign_in: SignInService) -> Response:
    """Turn the second factor off with a code of it."""

    async def end(work: Work) -> Nothing:
        await factors.end_totp(work, sign_in.vault, writer.principal.user_id, given.code)
        return Nothing()

    return await writer.reply(end)


@router.post("/passkeys/options", response_model=Envelope[PasskeyOptions], responses=answers(*WRITING))
async def passkey_options(writer: CurrentWriter, sign_in: SignInService) -> Response:
    """What the device is asked to make."""

    async def options(work: Work) -> PasskeyOptions:
        asked = sign_in.passkeys.creation_options(writer.principal.user_id, await _email(work))
        return PasskeyOptions(**asked)

    return await writer.reply(options)


@router.post(
    "/passkeys",
    status_code=201,
    response_model=Envelope[Nothing],
    responses=answers(RefusedIdentityError, SignInAgainError, *WRITING),
)
async def add_passkey(given: PasskeyCreated, writer: CurrentWriter, sign_in: SignInService) -> Response:
    """Keep what the device made, soon after signing in."""

    async def add(work: Work) -> Nothing:
        await check_recent(work, writer.principal)
        await sign_in.passkeys.add(
            work, writer.principal.user_id, given.credential, given.challenge, given.name
        )
        return Nothing()

    return await writer.reply(add, 201)


@router.get("/passkeys", response_model=Envelope[list[Passkey]], responses=answers(*READING))
async def passkeys(reader: CurrentReader) -> Response:
    """Which devices may sign in."""
    return await reader.reply_now(PASSKEYS)


@router.delete(
    "/passkeys/{passkey_id}", response_model=Envelope[Nothing], responses=answers(NotFoundError, *WRITING)
)
async def end_passkey(passkey_id: PasskeyId, writer: CurrentWriter) -> Response:
    """Forget a device that was lost."""

    async def remove(work: Work) -> Nothing:
        if not await remove_passkey(work, writer.principal.user_id, passkey_id):
            raise NotFoundError
        return Nothing()

    return await writer.reply(remove)


@router.post(
    "/passkeys/login/options",
    response_model=Envelope[PasskeyOptions],
    dependencies=[limited("address")],
    responses=answers(*ANYONE),
)
async def passkey_login_options(sign_in: SignInService, request_id: RequestId) -> Response:
    """What the device is asked to sign."""
    return success(PasskeyOptions(**sign_in.passkeys.request_options()), request_id, NEVER_STORE)


@router.post(
    "/passkeys/login",
    response_model=Envelope[TokenAnswer],
    dependencies=[limited("login")],
    responses=answered(EXAMPLE) | answers(RefusedIdentityError, InvalidTokenError, *ANYONE),
)
async def passkey_login(
    given: PasskeySigned, sign_in: SignInService, device: CurrentDevice, request_id: RequestId
) -> Response:
    """Sign in by a device's signature."""
    pair = await sign_in.with_passkey(given.credential, given.challenge, device)
    return success(TokenAnswer.of(pair), request_id, NEVER_STORE)


@router.delete("/delete-account", response_model=Envelope[Nothing], responses=answers(*WRITING))
async def delete_account(_: EraseRequest, writer: CurrentWriter, request: Request) -> Response:
    """Erase everything of the user, in every schema, and end their bank connections; there is no way back."""

    async def erase(work: Work) -> Nothing:
        for (token,) in await work.rows(
            "select access_token from app.bank_connections where user_id = app.current_user_id()"
        ):
            with suppress(AppError):  # a bank that is away must not keep anybody here
                await services_of(request).banks.remove(bytes(token))
        await work.run("select app.erase_current_user()")
        await to_thread.run_sync(services_of(request).receipts.delete_user, writer.principal.user_id)
        return Nothing()

    # Without its key, which would be kept of somebody of whom nothing is to be kept.
    return await replace(writer, key=None).reply(erase)


async def _email(work: Work) -> str:
    row = await work.row("select email from app.users where user_id = app.current_user_id()")
    return str((row or ("",))[0])
