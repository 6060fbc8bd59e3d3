"""Secrets that must be read again are encrypted; those that only have to be recognised are hashed."""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

#: Bytes of randomness in what is mailed: not to be guessed, however often one tries.
TOKEN_BYTES = 32


@dataclass(frozen=True)
class Vault:
    """Encrypts with a key of the installation (Fernet: AES-128-CBC and HMAC-SHA-256)."""

    key: str

    def seal(self, secret: str) -> bytes:
        """The secret as it may lie in the database."""
        return self._fernet().encrypt(secret.encode())

    def unseal(self, sealed: bytes) -> str:
        """The secret again; raises InvalidToken for what this installation did not seal."""
        return self._fernet().decrypt(sealed).decode()

    def _fernet(self) -> Fernet:
        from cryptography.fernet import Fernet  # noqa: PLC0415 - wanted only where there is a second factor

        return Fernet(base64.urlsafe_b64encode(hashlib.sha256(self.key.encode()).digest()))


def new_token() -> str:
    """A random secret for a link."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def token_hash(token: str) -> bytes:
    """What is kept of a random secret; it needs no slow hash, because it cannot be guessed."""
    return hashlib.sha256(token.encode()).digest()
