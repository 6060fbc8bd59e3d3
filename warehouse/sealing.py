"""What only this installation can read again: files, and secrets in the database."""

from __future__ import annotations

import base64
import hashlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from warehouse.errors import ActionableError

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

    from warehouse.settings import Settings

_NONCE_BYTES = 12
_VERSION = b"\x01"


class BrokenSealError(ActionableError, ValueError):
    """Not sealed here, or changed since, or put under another name."""


@dataclass(frozen=True, slots=True)
class Seal:
    """Encrypts and authenticates bytes together with the name under which they are kept (NIST SP 800-38D)."""

    key: bytes

    @classmethod
    def of(cls, settings: Settings, purpose: str) -> Seal:
        """The seal for one purpose."""
        return cls(bytes.fromhex(settings.derived_key(f"seal:{purpose}")))

    def seal(self, content: bytes, name: str) -> bytes:
        """The content as it may lie on a disk."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

        nonce = os.urandom(_NONCE_BYTES)
        return _VERSION + nonce + AESGCM(self.key).encrypt(nonce, content, name.encode())

    def unseal(self, sealed: bytes, name: str) -> bytes:
        """The content again; raises BrokenSealError."""
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

        nonce, body = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        try:
            return AESGCM(self.key).decrypt(nonce, body, name.encode())
        except (InvalidTag, ValueError) as error:
            message = f"{name} was not sealed with this installation's secret: restore MITA_SECRET_KEY"
            raise BrokenSealError(message) from error


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
