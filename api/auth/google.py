"""Sign-in with Google: its ID token, verified with Google's published keys."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import jwt
from anyio import to_thread

from api.errors import NotConfiguredError, RefusedIdentityError
from warehouse.settings import Settings

ISSUERS = ("https://accounts.google.com", "accounts.google.com")


@dataclass(frozen=True, slots=True)
class Identity:
    """Who somebody is at Google, with an address that Google has verified."""

    subject: str
    email: str
    name: str


@dataclass(frozen=True)
class GoogleSignIn:
    """Verifies ID tokens that were made for one of our client ids."""

    client_ids: tuple[str, ...]
    keys_url: str

    @classmethod
    def of(cls, settings: Settings) -> GoogleSignIn:
        """As configured; without client ids nobody can sign in so."""
        ids = tuple(part.strip() for part in settings.google_client_ids.split(",") if part.strip())
        return cls(ids, settings.google_keys_url)

    async def identity(self, id_token: str) -> Identity:
        """Raises NotConfiguredError or RefusedIdentityError."""
        if not self.client_ids:
            raise NotConfiguredError
        return await to_thread.run_sync(self._verified, id_token)

    @cached_property
    def _keys(self) -> jwt.PyJWKClient:
        return jwt.PyJWKClient(self.keys_url, cache_keys=True, timeout=5)

    def _verified(self, id_token: str) -> Identity:
        try:
            key = self._keys.get_signing_key_from_jwt(id_token)
            claims = jwt.decode(
                id_token,
                key,
                algorithms=["RS256"],
                audience=self.client_ids,
                issuer=ISSUERS,
                options={"require": ["iss", "aud", "sub", "exp", "iat", "email"]},
            )
        except jwt.PyJWTError:
            raise RefusedIdentityError from None
        if claims.get("email_verified") is not True:
            raise RefusedIdentityError
        return Identity(str(claims["sub"]), str(claims["email"]), str(claims.get("name", "")))
