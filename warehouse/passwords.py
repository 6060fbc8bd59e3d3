"""Passwords: argon2id, which is slow and memory-hard on purpose (OWASP's second profile)."""

from __future__ import annotations

import unicodedata

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

#: 19 MiB, two passes, one lane: about 28 ms of one core.
MEMORY_KIB, PASSES, LANES = 19 * 1024, 2, 1
#: Verified for addresses that nobody has, so that an answer's time does not tell who is a user.
NOBODYS_HASH = f"$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}$bm9ib2R5J3Mgc2FsdA${'A' * 43}"


def hash_password(password: str) -> str:
    """The password's argon2id hash with its own salt, in the PHC string format."""
    return _hasher().hash(_normalised(password))


def verify_password(password_hash: str | None, password: str) -> bool:
    """Whether the password is the one that was hashed; None takes as long and is never right."""
    try:
        matches = _hasher().verify(password_hash or NOBODYS_HASH, _normalised(password))
    except (VerificationError, InvalidHashError):
        return False
    return matches and password_hash is not None


def needs_rehash(password_hash: str) -> bool:
    """Whether the hash was made with other parameters than today's."""
    return _hasher().check_needs_rehash(password_hash)


def _hasher() -> PasswordHasher:
    return PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES, type=Type.ID)


def _normalised(password: str) -> str:
    """One spelling per password: keyboards compose accents differently (NIST SP 800-63B, 3.1.1.2)."""
    return unicodedata.normalize("NFKC", password)
