"""Signing in: by password, or by the refresh token of an earlier sign-in."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from anyio import CapacityLimiter, to_thread

from api.auth.tokens import Principal, TokenPair, Tokens
from api.database import Database, Statement
from api.documents import Document, read_document
from api.errors import WrongCredentialsError
from warehouse.passwords import verify_password

_FIND = Statement.of(
    "select user_id, password_hash, token_version from app.find_credentials(%(email)s::text)"
)
_NOBODY = (None, None, 0)
#: Says nothing about the user but that the token still counts.
_STILL_VALID = Document("select 'true'::json as document")


def _one_per_core() -> CapacityLimiter:
    # More at once would take longer each, at 19 MiB apiece.
    return CapacityLimiter(os.cpu_count() or 1)


@dataclass(frozen=True)
class SignIn:
    """Gives tokens to those who prove who they are."""

    database: Database
    tokens: Tokens
    limiter: CapacityLimiter = field(default_factory=_one_per_core)

    async def with_password(self, email: str, password: str) -> TokenPair:
        """Raises WrongCredentialsError, after as long for an address that nobody has."""
        user_id, password_hash, version = await self.database.read(_FIND, {"email": email}) or _NOBODY
        matches = await to_thread.run_sync(verify_password, password_hash, password, limiter=self.limiter)
        if user_id is None or not matches:
            raise WrongCredentialsError
        return self.tokens.pair(Principal(user_id, version))

    async def with_refresh_token(self, token: str) -> TokenPair:
        """Raises InvalidTokenError, ExpiredTokenError or RevokedTokenError."""
        principal = self.tokens.read(token, "refresh")
        await read_document(self.database, principal, _STILL_VALID)
        return self.tokens.pair(principal)
