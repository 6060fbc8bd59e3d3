"""Which passwords may be chosen: NIST SP 800-63B asks for length and against known ones, not for symbols."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from api.errors import WeakPasswordError

MINIMUM_LENGTH = 8
#: What anybody would try here first; a password has to have as much beside them.
OWN_WORDS = ("mita", "money", "intelligence", "task", "assistant", "budget", "password")
_LETTERS = re.compile(r"[^\W\d_]+")
LEAST_BESIDE = 4


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
    if _is_of_own_words(folded):
        raise WeakPasswordError({"reason": "guessable"})


def _is_of_own_words(folded: str) -> bool:
    """Whether next to nothing but digits and signs is left without the product's own words."""
    rest = folded
    for word in OWN_WORDS:
        rest = rest.replace(word, " ")
    return rest != folded and sum(map(len, _LETTERS.findall(rest))) < LEAST_BESIDE


@cache
def _leaked_passwords() -> frozenset[str]:
    """The 30,000 most common of ten million leaked ones, as zxcvbn ships them (MIT licence)."""
    from zxcvbn.frequency_lists import FREQUENCY_LISTS  # noqa: PLC0415 - wanted only when one is chosen

    return frozenset(password for password in FREQUENCY_LISTS["passwords"] if len(password) >= MINIMUM_LENGTH)
