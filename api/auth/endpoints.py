"""Signing in and staying signed in."""

from __future__ import annotations

from fastapi import APIRouter, Response

from api.auth.schemas import EXAMPLE, Credentials, RefreshRequest, TokenAnswer
from api.dependencies import RequestId, SignInService
from api.envelope import NEVER_STORE, Envelope, answered, success
from api.errors import (
    DatabaseUnavailableError,
    ExpiredTokenError,
    InvalidRequestError,
    InvalidTokenError,
    RevokedTokenError,
    WrongCredentialsError,
    answers,
)

router = APIRouter(prefix="/api/auth", tags=["auth"])


@router.post(
    "/login",
    response_model=Envelope[TokenAnswer],
    responses=answered(EXAMPLE)
    | answers(WrongCredentialsError, InvalidRequestError, DatabaseUnavailableError),
)
async def login(credentials: Credentials, sign_in: SignInService, request_id: RequestId) -> Response:
    """Sign in with an address and a password."""
    pair = await sign_in.with_password(credentials.email, credentials.password)
    return success(TokenAnswer.of(pair), request_id, NEVER_STORE)


@router.post(
    "/refresh-token",
    response_model=Envelope[TokenAnswer],
    responses=answered(EXAMPLE)
    | answers(
        InvalidTokenError,
        ExpiredTokenError,
        RevokedTokenError,
        InvalidRequestError,
        DatabaseUnavailableError,
    ),
)
@router.post("/refresh", include_in_schema=False)
async def refresh(request: RefreshRequest, sign_in: SignInService, request_id: RequestId) -> Response:
    """Trade a refresh token for a new pair; the access token may have expired."""
    pair = await sign_in.with_refresh_token(request.refresh_token)
    return success(TokenAnswer.of(pair), request_id, NEVER_STORE)
