"""Errors with a stable code and status, and the one envelope in which they leave."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, ClassVar

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from api.clock import timestamp

#: Seconds after which a client may try again what failed for a reason that passes.
RETRY_SECONDS = 2


class AppError(Exception):
    """Something that the caller is told: its status, its stable code and a sentence."""

    status: ClassVar[HTTPStatus] = HTTPStatus.INTERNAL_SERVER_ERROR
    code: ClassVar[str] = "SYSTEM_8001"
    message: ClassVar[str] = "Something went wrong on our side."
    headers: ClassVar[Mapping[str, str]] = {}

    def __init__(self, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(self.message)
        self.details = details or {}


class AuthenticationError(AppError):
    """The caller is not, or no longer, who they claim to be."""

    status = HTTPStatus.UNAUTHORIZED
    headers: ClassVar[Mapping[str, str]] = {"www-authenticate": "Bearer"}


class WrongCredentialsError(AuthenticationError):
    """Which of the two was wrong is not told."""

    code = "AUTH_1001"
    message = "The e-mail address or the password is wrong."


class InvalidTokenError(AuthenticationError):
    """No token, or one that this service did not issue for this use."""

    code = "AUTH_1002"
    message = "Sign in: the request carries no valid access token."
    headers: ClassVar[Mapping[str, str]] = {"www-authenticate": 'Bearer error="invalid_token"'}


class ExpiredTokenError(InvalidTokenError):
    """A token past its time."""

    code = "AUTH_1003"
    message = "The token has expired: use the refresh token or sign in again."


class RevokedTokenError(InvalidTokenError):
    """A token from before the user's tokens were revoked, or of a user who is gone."""

    code = "AUTH_1004"
    message = "The token was revoked: sign in again."


class ScopeError(AppError):
    """A token that may not do this."""

    status = HTTPStatus.FORBIDDEN
    code = "AUTH_1005"
    message = "This needs a scope that the token does not have."
    headers: ClassVar[Mapping[str, str]] = {"www-authenticate": 'Bearer error="insufficient_scope"'}


class SecondFactorNeededError(AuthenticationError):
    """The password was right, and this user has a second factor."""

    code = "AUTH_1006"
    message = "Send the code of the authenticator app, or a recovery code, as 'code'."


class WrongSecondFactorError(AuthenticationError):
    """Not the current code, or one that was used before."""

    code = "AUTH_1007"
    message = "The code is wrong or was used before."


class ReusedTokenError(InvalidTokenError):
    """A refresh token that was traded long ago: somebody else holds one of the pair."""

    code = "AUTH_1008"
    message = "The refresh token was used before, so this session has been ended: sign in again."


class InvalidLinkError(AppError):
    """A mailed token that was used, has expired, or never was."""

    status = HTTPStatus.BAD_REQUEST
    code = "AUTH_1009"
    message = "The link has expired or was used before: ask for a new one."


class RefusedIdentityError(AuthenticationError):
    """What another service says about the user does not hold."""

    code = "AUTH_1010"
    message = "The sign-in could not be verified."


class WeakPasswordError(AppError):
    """Too short, or known to those who try passwords; details say which."""

    status = HTTPStatus.BAD_REQUEST
    code = "VALIDATION_2003"
    message = (
        "Choose another password: at least 8 characters, not one of the commonly used, not your address."
    )


class TooLargeError(AppError):
    """More bytes than this address takes."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    code = "VALIDATION_2004"
    message = "The request is larger than this address takes."


class UnusableImageError(AppError):
    """Not a picture that can be read."""

    status = HTTPStatus.BAD_REQUEST
    code = "VALIDATION_2005"
    message = "Send a JPEG, PNG, WebP or PDF of a receipt."


class InvalidRequestError(AppError):
    """The request does not have the documented form."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    code = "VALIDATION_2002"
    message = "The request does not have the documented form; see validation_errors."


def invalid_request(message: str, *, field: str = "body", kind: str = "value_error") -> InvalidRequestError:
    """The error for what a schema cannot say; ``message`` must not repeat what was sent in confidence."""
    return InvalidRequestError({"validation_errors": [{"field": field, "message": message, "type": kind}]})


class NotFoundError(AppError):
    """There is nothing at this address, or nothing that this user may see."""

    status = HTTPStatus.NOT_FOUND
    code = "RESOURCE_3001"
    message = "There is nothing at this address."


class MethodNotAllowedError(AppError):
    """The address exists, the verb does not."""

    status = HTTPStatus.METHOD_NOT_ALLOWED
    code = "RESOURCE_3002"
    message = "This address does not offer that method."


class AddressTakenError(AppError):
    """Somebody has this e-mail address already."""

    status = HTTPStatus.CONFLICT
    code = "RESOURCE_3003"
    message = "There is an account with this address already: sign in, or reset its password."


class KeyReusedError(AppError):
    """An idempotency key that came with another request before."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    code = "BUSINESS_4001"
    message = "This Idempotency-Key belongs to another request."


class InFlightError(AppError):
    """The same key is being worked on."""

    status = HTTPStatus.CONFLICT
    code = "BUSINESS_4002"
    message = "A request with this Idempotency-Key is in hand: try again shortly."
    headers: ClassVar[Mapping[str, str]] = {"retry-after": "1"}


class BankFactError(AppError):
    """Amount, currency and day of a bank's line are the bank's."""

    status = HTTPStatus.CONFLICT
    code = "BUSINESS_4003"
    message = "The bank says what this cost and when; category, merchant, tags and notes can be changed."


class OverspentIncomeError(AppError):
    """Fixed expenses and savings that the income does not cover."""

    status = HTTPStatus.BAD_REQUEST
    code = "BUSINESS_4004"
    message = "Fixed expenses and the savings goal together are more than the income; lower one of them."


class WrongAmountError(AppError):
    """An amount that its currency cannot express, or no currency at all."""

    status = HTTPStatus.BAD_REQUEST
    code = "BUSINESS_4005"
    message = "The amount has more decimals than its currency, or the currency is not in ISO 4217."


class TooManyRequestsError(AppError):
    """More than this route gives one user or address."""

    status = HTTPStatus.TOO_MANY_REQUESTS
    code = "RATE_LIMIT_6001"
    message = "Too many requests: try again later."


class NotConfiguredError(AppError):
    """A part of the platform that this installation does not have."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "EXTERNAL_7001"
    message = "This installation does not offer that."


class UnverifiedNewsError(AuthenticationError):
    """A webhook that the bank service did not sign, or not lately."""

    code = "AUTH_1011"
    message = "The signature does not prove that this comes from the bank service."


class SignInAgainError(AppError):
    """What signs somebody in is changed by who signed in lately, not by who found an open session."""

    status = HTTPStatus.FORBIDDEN
    code = "AUTH_1012"
    message = "Sign in again to change how this account is signed in to."


class BankRefusedError(AppError):
    """The bank service did not do it; details say what to do."""

    status = HTTPStatus.BAD_REQUEST
    code = "EXTERNAL_7002"
    message = "The bank did not do that; details.advice says what helps."


class TemporaryError(AppError):
    """It may work when tried again soon."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    headers: ClassVar[Mapping[str, str]] = {"retry-after": str(RETRY_SECONDS)}


class DatabaseUnavailableError(TemporaryError):
    """Postgres cannot be reached."""

    code = "DATABASE_5004"
    message = "The database cannot be reached at the moment; try again shortly."


class DatabaseTooSlowError(TemporaryError):
    """Postgres did not answer in time."""

    code = "DATABASE_5005"
    message = "The database did not answer in time; try again shortly."


class NotBuiltError(TemporaryError):
    """The marts do not exist yet."""

    code = "DATABASE_5006"
    message = "No marts have been built yet; run 'mita build' or ingest a statement first."


class BankAwayError(TemporaryError):
    """The bank, or the service between, does not answer."""

    code = "EXTERNAL_7003"
    message = "The bank cannot be reached at the moment; try again shortly."


class PhotoNotKeptError(TemporaryError):
    """The store of photos is full or closed."""

    code = "SYSTEM_8002"
    message = "The photo could not be kept at the moment; try again shortly."


class UnexpectedError(AppError):
    """A defect of ours; the error id finds it in the logs."""


#: What may go wrong with any request.
ANYONE: tuple[type[AppError], ...] = (
    InvalidRequestError,
    TooManyRequestsError,
    DatabaseUnavailableError,
    DatabaseTooSlowError,
)
#: What may go wrong when a signed-in user reads, and when one writes.
READING: tuple[type[AppError], ...] = (
    InvalidTokenError,
    ExpiredTokenError,
    RevokedTokenError,
    ScopeError,
    NotBuiltError,
    *ANYONE,
)
WRITING: tuple[type[AppError], ...] = (*READING, KeyReusedError, InFlightError, TooLargeError)


class InvalidField(BaseModel):
    """One thing that is wrong with a request; what was sent is not repeated."""

    field: str = Field(examples=["body.email"])
    message: str
    type: str = Field(examples=["string_type"])


class ErrorBody(BaseModel):
    """What went wrong, for programs (code) and people (message)."""

    code: str = Field(description="Stable; AUTH_1xxx to SYSTEM_8xxx.")
    message: str
    error_id: str = Field(examples=["mita_0123456789ab"], description="Finds the error in the logs.")
    timestamp: str
    details: dict[str, Any] = Field(
        default_factory=dict,
        description="`validation_errors`, where the request has not the documented form.",
    )


class ErrorEnvelope(BaseModel):
    """The envelope of every error, with the fields of RFC 9457 beside."""

    model_config = ConfigDict(title="Error")

    success: bool = False
    error: ErrorBody
    type: str = Field(examples=["urn:mita:error:AUTH_1001"])
    title: str
    status: int
    detail: str


ERROR_SCHEMA = "#/components/schemas/Error"


def error_schemas() -> dict[str, Any]:
    """What OpenAPI's components say of the envelope of errors, by name."""
    schema = ErrorEnvelope.model_json_schema(ref_template="#/components/schemas/{model}")
    fields = InvalidField.model_json_schema()
    return {**schema.pop("$defs", {}), "Error": schema, "InvalidField": fields}


def error_response(
    error: AppError, details: Mapping[str, Any] | None = None, error_id: str | None = None
) -> Response:
    """The error as the caller gets it: nothing of what happened but its code and an id to look for."""
    return Response(
        orjson.dumps(_envelope(type(error), error_id or new_error_id(), details)),
        status_code=error.status,
        headers={"cache-control": "no-store", **error.headers},
        media_type="application/json",
    )


def new_error_id() -> str:
    """An id to find one error by, among the logs of all."""
    return f"mita_{secrets.token_hex(6)}"


def answers(*errors: type[AppError]) -> dict[int | str, dict[str, Any]]:
    """What OpenAPI says about the errors of an operation: schema and an example of each code."""
    documented: dict[int | str, dict[str, Any]] = {}
    for error in errors:
        answer = documented.setdefault(
            int(error.status),
            # By reference: FastAPI would build a validator for each answer of each route at start-up.
            {
                "content": {"application/json": {"schema": {"$ref": ERROR_SCHEMA}, "examples": {}}},
                "description": "",
            },
        )
        example = _envelope(error, "mita_0123456789ab", None)
        answer["content"]["application/json"]["examples"][error.code] = {"value": example}
        answer["description"] = " ".join(filter(None, (answer["description"], error.message)))
    return documented


def install_error_handlers(app: FastAPI) -> None:
    """Let every error leave in the envelope, whoever raised it."""
    app.exception_handler(AppError)(_on_app_error)
    app.exception_handler(RequestValidationError)(_on_invalid_request)
    app.exception_handler(HTTPException)(_on_http_exception)


async def _on_app_error(_: Request, error: AppError) -> Response:
    return error_response(error, error.details)


async def _on_invalid_request(_: Request, error: RequestValidationError) -> Response:
    return error_response(InvalidRequestError(), {"validation_errors": _invalid_fields(error.errors())})


async def _on_http_exception(_: Request, error: HTTPException) -> Response:
    known: dict[int, type[AppError]] = {404: NotFoundError, 405: MethodNotAllowedError, 413: TooLargeError}
    response = error_response(known.get(error.status_code, InvalidRequestError)())
    response.headers.update(error.headers or {})
    return response


def _invalid_fields(errors: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    return [
        {
            "field": ".".join(str(part) for part in error["loc"]),
            "message": error["msg"],
            "type": error["type"],
        }
        for error in errors
    ]


def _envelope(error: type[AppError], error_id: str, details: Mapping[str, Any] | None) -> dict[str, Any]:
    return {
        "success": False,
        "error": {
            "code": error.code,
            "message": error.message,
            "error_id": error_id,
            "timestamp": timestamp(),
            "details": details or {},
        },
        "type": f"urn:mita:error:{error.code}",
        "title": error.status.phrase,
        "status": int(error.status),
        "detail": error.message,
    }
