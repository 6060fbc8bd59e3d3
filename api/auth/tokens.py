"""JSON Web Tokens as RFC 8725 advises: one algorithm, every claim required, each use with its type."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID, uuid4

import jwt

from api.errors import ExpiredTokenError, InvalidTokenError
from warehouse.settings import Settings

ALGORITHM = "HS256"
ISSUER = "mita"
AUDIENCE = "mita-api"
REFRESH_LIFETIME = timedelta(days=30)
CLAIMS = ("iss", "aud", "sub", "iat", "exp", "jti", "typ", "ver")

TokenType = Literal["access", "refresh"]


@dataclass(frozen=True, slots=True)
class Principal:
    """Whom a token speaks for; ``token_version`` must still be the user's for it to count."""

    user_id: UUID
    token_version: int


@dataclass(frozen=True, slots=True)
class TokenPair:
    """A short-lived token for requests and a long-lived one to get the next pair."""

    access_token: str
    refresh_token: str
    expires_in: int  # seconds


@dataclass(frozen=True)
class Tokens:
    """Issues tokens and reads them back, with one secret key."""

    key: str
    access_lifetime: timedelta

    @classmethod
    def of(cls, settings: Settings) -> Tokens:
        """Tokens signed with the installation's own key."""
        return cls(settings.derived_key("jwt"), timedelta(minutes=settings.access_token_minutes))

    def pair(self, principal: Principal) -> TokenPair:
        """New tokens for somebody who has just proved who they are."""
        return TokenPair(
            access_token=self._issue(principal, "access", self.access_lifetime),
            refresh_token=self._issue(principal, "refresh", REFRESH_LIFETIME),
            expires_in=int(self.access_lifetime.total_seconds()),
        )

    def read(self, token: str, token_type: TokenType) -> Principal:
        """Whom the token speaks for; raises ExpiredTokenError or InvalidTokenError."""
        try:
            claims = jwt.decode(
                token,
                self.key,
                algorithms=[ALGORITHM],
                issuer=ISSUER,
                audience=AUDIENCE,
                options={"require": list(CLAIMS), "strict_aud": True},
            )
        except jwt.ExpiredSignatureError:
            raise ExpiredTokenError from None
        except jwt.InvalidTokenError:
            raise InvalidTokenError from None
        return _principal(claims, token_type)

    def _issue(self, principal: Principal, token_type: TokenType, lifetime: timedelta) -> str:
        now = datetime.now(tz=UTC)
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": str(principal.user_id),
            "iat": now,
            "exp": now + lifetime,
            "jti": uuid4().hex,
            "typ": token_type,
            "ver": principal.token_version,
        }
        return jwt.encode(claims, self.key, algorithm=ALGORITHM)


def _principal(claims: dict[str, Any], token_type: TokenType) -> Principal:
    """The claims as values, of which only a token of our own making has the right types."""
    if claims["typ"] != token_type or type(claims["ver"]) is not int:
        raise InvalidTokenError
    try:
        return Principal(UUID(claims["sub"]), claims["ver"])
    except ValueError:
        raise InvalidTokenError from None
