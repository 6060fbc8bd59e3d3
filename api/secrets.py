"""Random secrets that only have to be recognised: mailed once, kept as a hash."""

from __future__ import annotations

import hashlib
import secrets

#: Bytes of randomness in what is mailed: not to be guessed, however often one tries.
TOKEN_BYTES = 32


def new_token() -> str:
    """A random secret for a link."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def token_hash(token: str) -> bytes:
    """What is kept of a random secret; it needs no slow hash, because it cannot be guessed."""
    return hashlib.sha256(token.encode()).digest()
