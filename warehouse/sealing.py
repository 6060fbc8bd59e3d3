"""Secrets that must be read again lie encrypted in the database, with a key of the installation."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.fernet import Fernet


@dataclass(frozen=True)
class Vault:
    """Encrypts with a key of the installation (Fernet: AES-128-CBC and HMAC-SHA-256)."""

    key: str

    def seal(self, secret: str) -> bytes:
        """The secret as it may lie in the database."""
        return self._fernet().encrypt(secret.encode())

    def unseal(self, sealed: bytes) -> str:
        """The secret again; raises InvalidToken for what this installation did not seal."""
        return self._fernet().decrypt(bytes(sealed)).decode()

    def unsealed(self, sealed: bytes) -> str | None:
        """The secret again, None for what was sealed with another key."""
        from cryptography.fernet import InvalidToken  # noqa: PLC0415

        try:
            return self.unseal(sealed)
        except InvalidToken:
            return None

    def _fernet(self) -> Fernet:
        from cryptography.fernet import Fernet  # noqa: PLC0415 - wanted only where something is sealed

        return Fernet(base64.urlsafe_b64encode(hashlib.sha256(self.key.encode()).digest()))
