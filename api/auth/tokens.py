"""JSON Web Tokens as RFC 8725 advises: one algorithm, every claim required, each use with its type."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, field
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
CHALLENGE_LIFETIME = timedelta(minutes=5)
#: Tokens that are known again without checking their signature anew.
RECOGNISED = 10_000
CLAIMS = ("iss", "aud", "sub", "iat", "exp", "jti", "typ", "ver", "sid", "scope")

TokenType = Literal["access", "refresh", "challenge"]
Scope = Literal["user", "premium", "admin"]


@dataclass(frozen=True, slots=True)
class Principal:
    """Whom a token speaks for: its version must still be the user's, and its session not have ended."""

    user_id: UUID
    token_version: int
    session_id: UUID
    scopes: tuple[str, ...] = ("user",)


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
    #: Whom a token that was found genuine speaks for, and until when, by the token's hash.
    genuine: dict[bytes, tuple[Principal, float]] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, settings: Settings) -> Tokens:
        """Tokens signed with the installation's own key."""
        return cls(settings.derived_key("jwt"), timedelta(minutes=settings.access_token_minutes))

    def pair(self, principal: Principal, refresh_id: UUID) -> TokenPair:
        """New tokens for somebody who has just proved who they are."""
        return TokenPair(
            access_token=self._issue(principal, "access", self.access_lifetime),
            refresh_token=self._issue(principal, "refresh", REFRESH_LIFETIME, jti=refresh_id.hex),
            expires_in=int(self.access_lifetime.total_seconds()),
        )

    def read(self, token: str) -> Principal:
        """Whom an access token speaks for; raises ExpiredTokenError or InvalidTokenError."""
        if (known := self.recognised(token)) is not None:
            return known
        claims = self._claims(token, "access", CLAIMS)
        principal = _principal(claims)
        if len(self.genuine) >= RECOGNISED:
            self.genuine.clear()
        self.genuine[_digest(token)] = principal, float(claims["exp"])
        return principal

    def recognised(self, token: str) -> Principal | None:
        """Whom an access token speaks for that was read before and has not expired."""
        known = self.genuine.get(_digest(token))
        return known[0] if known is not None and known[1] > time.time() else None

    def read_refresh(self, token: str) -> tuple[Principal, UUID]:
        """The same for a refresh token, with its own id."""
        claims = self._claims(token, "refresh", CLAIMS)
        return _principal(claims), _uuid(claims["jti"])

    def challenge(self, challenge: bytes, purpose: str) -> str:
        """A token by which a challenge is known again, so that none has to be kept."""
        now = datetime.now(tz=UTC)
        claims = {"iss": ISSUER, "aud": AUDIENCE, "exp": now + CHALLENGE_LIFETIME, "typ": "challenge"}
        return jwt.encode(claims | {"sub": purpose, "jti": challenge.hex()}, self.key, algorithm=ALGORITHM)

    def read_challenge(self, token: str, purpose: str) -> bytes:
        """The challenge of a token that was given for this purpose; raises InvalidTokenError."""
        claims = self._claims(token, "challenge", ("iss", "aud", "sub", "exp", "jti", "typ"))
        if claims["sub"] != purpose:
            raise InvalidTokenError
        return bytes.fromhex(claims["jti"])

    def _claims(self, token: str, token_type: TokenType, required: tuple[str, ...]) -> dict[str, Any]:
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self.key,
                algorithms=[ALGORITHM],
                issuer=ISSUER,
                audience=AUDIENCE,
                options={"require": list(required), "strict_aud": True},
            )
        except jwt.ExpiredSignatureError:
            raise ExpiredTokenError from None
        except jwt.InvalidTokenError:
            raise InvalidTokenError from None
        if claims["typ"] != token_type:
            raise InvalidTokenError
        return claims

    def _issue(
        self, principal: Principal, token_type: TokenType, lifetime: timedelta, jti: str | None = None
    ) -> str:
        now = datetime.now(tz=UTC)
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": str(principal.user_id),
            "iat": now,
            "exp": now + lifetime,
            "jti": jti or uuid4().hex,
            "typ": token_type,
            "ver": principal.token_version,
            "sid": str(principal.session_id),
            "scope": " ".join(principal.scopes),
        }
        return jwt.encode(claims, self.key, algorithm=ALGORITHM)


def _principal(claims: dict[str, Any]) -> Principal:
    """The claims as values, of which only a token of our own making has the right types."""
    if type(claims["ver"]) is not int or not isinstance(claims["scope"], str):
        raise InvalidTokenError
    return Principal(
        _uuid(claims["sub"]), claims["ver"], _uuid(claims["sid"]), tuple(claims["scope"].split())
    )


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def _uuid(text: object) -> UUID:
    try:
        return UUID(str(text))
    except ValueError:
        raise InvalidTokenError from None
