"""Plaid's word that there are news: believed only with its signature over these very bytes, and fresh."""

from __future__ import annotations

import hashlib
import hmac
import time
from dataclasses import dataclass, field
from typing import Any

import jwt
import orjson

from api.bank_connections.banks import Banks
from api.errors import AppError, UnverifiedNewsError

#: Older ones are somebody's copies.
MAX_AGE_SECONDS = 5 * 60
MAX_KEY_ID = 100
MAX_KEYS = 32
ALGORITHM = "ES256"

#: News that a person has to see to, and what stands for them among Plaid's error codes.
_TROUBLE = {
    "PENDING_EXPIRATION": "PENDING_EXPIRATION",
    "PENDING_DISCONNECT": "PENDING_DISCONNECT",
    "USER_PERMISSION_REVOKED": "USER_PERMISSION_REVOKED",
    "USER_ACCOUNT_REVOKED": "USER_PERMISSION_REVOKED",
}
_NEWS = frozenset(
    {"SYNC_UPDATES_AVAILABLE", "INITIAL_UPDATE", "HISTORICAL_UPDATE", "DEFAULT_UPDATE", "LOGIN_REPAIRED"}
)


@dataclass(frozen=True, slots=True)
class News:
    """What a webhook says of an item: that there is something to read, or what is wrong."""

    item_id: str
    error_code: str | None


@dataclass(frozen=True)
class Verifier:
    """Checks signatures with Plaid's keys, which it keeps by their ids."""

    banks: Banks
    _keys: dict[str, jwt.PyJWK] = field(default_factory=dict)

    def knows(self, signature: str) -> bool:
        """Whether the key of a signature is at hand; raises UnverifiedNewsError for what is none."""
        return key_id_of(signature) in self._keys

    async def verify(self, body: bytes, signature: str) -> None:
        """Raises UnverifiedNewsError for whatever Plaid did not sign within the last minutes."""
        key = await self._key(key_id_of(signature))
        try:
            claims = jwt.decode(signature, key, algorithms=[ALGORITHM], options={"require": ["iat"]})
        except jwt.PyJWTError:
            raise UnverifiedNewsError from None
        said = str(claims.get("request_body_sha256", ""))
        is_same = hmac.compare_digest(said.encode(), hashlib.sha256(body).hexdigest().encode())
        if not is_same or time.time() - claims["iat"] > MAX_AGE_SECONDS:
            raise UnverifiedNewsError

    async def _key(self, key_id: str) -> jwt.PyJWK:
        if key_id not in self._keys:
            try:
                found = await self.banks.verification_key(key_id)
                if found.get("expired_at") is not None:
                    raise UnverifiedNewsError
                key = jwt.PyJWK.from_dict(found, algorithm=ALGORITHM)
            except (AppError, jwt.PyJWTError, KeyError):
                raise UnverifiedNewsError from None
            if len(self._keys) >= MAX_KEYS:
                self._keys.clear()
            self._keys[key_id] = key
        return self._keys[key_id]


def key_id_of(signature: str) -> str:
    """Which key a signature names; raises UnverifiedNewsError for what is no ES256 token."""
    try:
        header = jwt.get_unverified_header(signature)
    except jwt.PyJWTError:
        raise UnverifiedNewsError from None
    key_id = header.get("kid")
    if header.get("alg") != ALGORITHM or not isinstance(key_id, str) or not 0 < len(key_id) <= MAX_KEY_ID:
        raise UnverifiedNewsError
    return key_id


def news_of(body: bytes) -> News | None:
    """What a verified webhook means for us; None for what needs nothing."""
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(said, dict) or not isinstance(said.get("item_id"), str):
        return None
    code = str(said.get("webhook_code"))
    if code in _NEWS:
        return News(said["item_id"], None)
    if code == "ERROR":
        return News(said["item_id"], _error_code(said.get("error")))
    return News(said["item_id"], _TROUBLE[code]) if code in _TROUBLE else None


def _error_code(error: Any) -> str:  # noqa: ANN401 - JSON
    code = error.get("error_code") if isinstance(error, dict) else None
    return str(code)[:MAX_KEY_ID] if code else "ITEM_LOGIN_REQUIRED"
