"""What signing in takes and gives."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal, TypeAlias
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from api.auth.tokens import TokenPair
from api.schemas import Instant, JsonObject, Line

Email = Annotated[
    str,
    StringConstraints(
        strict=True, strip_whitespace=True, max_length=254, pattern=r"^[^@\s\x00]+@[^@\s\x00]+$"
    ),
]
#: Long enough for any passphrase, short enough that hashing it is no attack.
Password = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=1024)]
Code = Annotated[str, StringConstraints(strict=True, strip_whitespace=True, min_length=6, max_length=32)]
Token = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=4096)]


def _zone(name: str) -> str:
    try:
        return ZoneInfo(name).key
    except (KeyError, ValueError, OSError):
        message = "is not an IANA time zone such as Europe/Sofia"
        raise ValueError(message) from None


TimeZone = Annotated[
    str,
    StringConstraints(max_length=64, pattern=r"^[A-Za-z0-9_+/-]+$"),
    AfterValidator(_zone),
    Field(examples=["Europe/Sofia"]),
]
Country = Annotated[str, StringConstraints(to_upper=True, pattern=r"^[A-Za-z]{2}$"), Field(examples=["BG"])]


class Body(BaseModel):
    """A request; fields that are not known are passed over, as older and newer clients need."""

    model_config = ConfigDict(frozen=True)


class Credentials(Body):
    """An address and its password, with a code where the user has a second factor."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={"examples": [{"email": "maria@example.org", "password": "correct horse battery"}]},
    )

    email: Email
    password: Password
    code: Code | None = Field(default=None, description="Of the authenticator app, or a recovery code.")


class Registration(Body):
    """What is needed to make an account."""

    email: Email
    password: Password
    name: Line = ""
    country: Country = "US"
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] | None = Field(
        default=None, description="The country's own when absent."
    )
    timezone: TimeZone = "UTC"
    annual_income: Annotated[Decimal, Field(ge=0, le=1_000_000_000_000)] | None = Field(
        default=None, description="In major units; a twelfth of it is a month's."
    )


class GoogleRequest(Body):
    """An ID token that Google gave the client."""

    id_token: Token
    code: Code | None = Field(default=None, description="Of the authenticator app, or a recovery code.")


class RefreshRequest(Body):
    """The long-lived token of the pair that was given last."""

    refresh_token: Token


class LogoutRequest(Body):
    """The session to end, where the access token has expired already."""

    refresh_token: Token | None = None


class ForgotRequest(Body):
    """Whose password is forgotten, and where the link in the mail shall lead."""

    email: Email
    client_id: str | None = Field(default=None, max_length=200)
    redirect_url: str | None = Field(default=None, max_length=2000)


class ResetRequest(Body):
    """A mailed token and the password that is wanted."""

    token: Token
    new_password: Password


class VerifyRequest(Body):
    """A mailed token."""

    token: Token


class ChangeRequest(Body):
    """The password that is, and the one that shall be."""

    current_password: Password
    new_password: Password


Yes: TypeAlias = Literal[True]
YesAsText: TypeAlias = Literal["true"]


class EraseRequest(Body):
    """That it is meant."""

    # Apart, because an enumeration of two types is more than generators of clients understand.
    confirmation: Yes | YesAsText = Field(description="`true`: everything of the user goes.")


class CodeRequest(Body):
    """A code of the authenticator app."""

    code: Code


class PasskeyCreated(Body):
    """What the device made of the options, and the challenge token that came with them."""

    credential: JsonObject
    challenge: Token
    name: Line = "Passkey"


#: As devices write it; in whole bytes.
PasskeyId = Annotated[
    str, StringConstraints(min_length=2, max_length=1366, pattern=r"^([\w-]{4})*([\w-]{2,3})?$")
]


class Passkey(BaseModel):
    """A device that may sign in."""

    id: PasskeyId
    name: str
    created_at: Instant
    last_used_at: Instant | None


class PasskeySigned(Body):
    """What the device signed, and the challenge token that came with the options."""

    credential: JsonObject
    challenge: Token


class TokenAnswer(BaseModel):
    """A token for requests and one to get the next pair; both replace what the client had."""

    access_token: str = Field(description="A JWT whose `sub` is the user's id.")
    refresh_token: str = Field(description="Valid for 30 days; trade it once for a new pair.")
    token_type: str = "bearer"  # noqa: S105 - the scheme's name
    expires_in: int = Field(description="Seconds until the access token expires.", examples=[7200])

    @classmethod
    def of(cls, pair: TokenPair) -> TokenAnswer:
        """The pair as it is sent."""
        return cls(
            access_token=pair.access_token, refresh_token=pair.refresh_token, expires_in=pair.expires_in
        )


class Totp(BaseModel):
    """A secret to put into an authenticator app; it counts once a code was confirmed."""

    secret: str
    uri: str = Field(examples=["otpauth://totp/MITA:maria@example.org?secret=JBSWY3DP&issuer=MITA"])


class RecoveryCodes(BaseModel):
    """Each signs in once without the authenticator; they are shown this once."""

    recovery_codes: list[str]


class PasskeyOptions(BaseModel):
    """What the browser's or phone's WebAuthn call takes, and the token to send back with its answer."""

    options: dict[str, Any]
    challenge: str


class Session(BaseModel):
    """One sign-in."""

    id: UUID
    device: str
    address: str
    created_at: Instant
    last_used_at: Instant
    is_current: bool


class SecurityStatus(BaseModel):
    """How well the account is kept."""

    has_password: bool
    email_verified: bool
    two_factor_enabled: bool
    recovery_codes_left: int
    passkeys: int
    active_sessions: int
    recent_events: list[dict[str, Any]]


EXAMPLE = {
    "access_token": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.signature",
    "refresh_token": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.signature",
    "token_type": "bearer",
    "expires_in": 7200,
}
