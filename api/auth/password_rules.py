"""Which passwords may be chosen: NIST SP 800-63B asks for length and against known ones, not for symbols."""

from __future__ import annotations

import unicodedata
from functools import cache

from api.errors import WeakPasswordError

MINIMUM_LENGTH = 8


def check_password(password: str, email: str) -> None:
    """Raises WeakPasswordError, whose details name the reason."""
    normalised = unicodedata.normalize("NFKC", password)
    if len(normalised) < MINIMUM_LENGTH:
        raise WeakPasswordError({"reason": "too_short"})
    folded = normalised.casefold()
    if folded in _leaked_passwords():
        raise WeakPasswordError({"reason": "leaked"})
    if folded in {email.casefold(), email.partition("@")[0].casefold()} or len(set(folded)) == 1:
        raise WeakPasswordError({"reason": "guessable"})


@cache
def _leaked_passwords() -> frozenset[str]:
    """The 30,000 most common of ten million leaked ones, as zxcvbn ships them (MIT licence)."""
    from zxcvbn.frequency_lists import FREQUENCY_LISTS  # noqa: PLC0415 - wanted only when one is chosen

    return frozenset(password for password in FREQUENCY_LISTS["passwords"] if len(password) >= MINIMUM_LENGTH)
