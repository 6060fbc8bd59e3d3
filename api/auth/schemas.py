"""What signing in takes and gives."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.auth.tokens import TokenPair

Email = Annotated[
    str,
    StringConstraints(
        strict=True, strip_whitespace=True, max_length=254, pattern=r"^[^@\s\x00]+@[^@\s\x00]+$"
    ),
]
#: Long enough for any passphrase, short enough that hashing it is no attack.
Password = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=1024)]


class Credentials(BaseModel):
    """An address and its password."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={"examples": [{"email": "maria@example.org", "password": "correct horse battery"}]},
    )

    email: Email
    password: Password


class RefreshRequest(BaseModel):
    """The long-lived token of the pair that was given last."""

    model_config = ConfigDict(frozen=True)

    refresh_token: Annotated[str, StringConstraints(strict=True, min_length=1, max_length=4096)]


class TokenAnswer(BaseModel):
    """A token for requests and one to get the next pair; both replace what the client had."""

    access_token: str = Field(description="A JWT whose `sub` is the user's id.")
    refresh_token: str = Field(description="Valid for 30 days; gives a new pair, itself included.")
    token_type: str = "bearer"  # noqa: S105 - the scheme's name
    expires_in: int = Field(description="Seconds until the access token expires.", examples=[7200])

    @classmethod
    def of(cls, pair: TokenPair) -> TokenAnswer:
        """The pair as it is sent."""
        return cls(
            access_token=pair.access_token, refresh_token=pair.refresh_token, expires_in=pair.expires_in
        )


EXAMPLE = {
    "access_token": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.signature",
    "refresh_token": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.signature",
    "token_type": "bearer",
    "expires_in": 7200,
}
