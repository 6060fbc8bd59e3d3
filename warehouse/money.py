"""Money as integer minor units of one ISO 4217 currency; no float ever holds an amount."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Self

from iso4217 import Currency

from warehouse.errors import ActionableError

#: Withdrawn currencies that statements still carry (ISO 4217 list three), with their decimals.
WITHDRAWN: dict[str, int] = {
    **dict.fromkeys(("ATS", "BGN", "CYP", "DEM", "EEK", "FIM", "FRF", "HRK", "IEP", "LTL"), 2),
    **dict.fromkeys(("LVL", "MTL", "NLG", "ROL", "SIT", "SKK", "TRL"), 2),
    **dict.fromkeys(("BEF", "ESP", "GRD", "ITL", "LUF", "PTE"), 0),
}


class MoneyError(ActionableError, ValueError):
    """An amount or a currency that cannot be represented exactly."""


@cache
def exponent(currency: str) -> int:
    """Decimal places of a currency's minor unit by ISO 4217 (JPY 0, EUR 2, KWD 3).

    Raises MoneyError for a code that ISO 4217 does not list, or that has no minor unit (XAU).
    """
    try:
        places: int | None = Currency(currency).exponent
    except ValueError:
        places = WITHDRAWN.get(currency)
    if places is None:
        message = f"{currency!r} is not an ISO 4217 currency with a minor unit"
        raise MoneyError(message)
    return places


def is_currency(word: str) -> bool:
    """Whether a word is the code of a currency in which sums are told."""
    try:
        exponent(word)
    except MoneyError:
        return False
    return True


def currencies() -> frozenset[str]:
    """The codes of all currencies in which sums are told."""
    listed = {each.code for each in Currency}
    return frozenset(code for code in listed | WITHDRAWN.keys() if is_currency(code))


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """A signed amount: negative is money that leaves."""

    minor: int
    currency: str

    @classmethod
    def of(cls, amount: Decimal | str | int, currency: str) -> Self:
        """The amount in major units ("12.30"); raises MoneyError rather than round."""
        try:
            scaled = Decimal(amount).scaleb(exponent(currency))
            whole = int(scaled)
        except (InvalidOperation, ValueError, OverflowError):
            message = f"{amount!r} is not an amount"
            raise MoneyError(message) from None
        if whole != scaled:
            message = f"{amount} has more decimals than {currency} has"
            raise MoneyError(message)
        return cls(whole, currency)

    @property
    def decimal(self) -> Decimal:
        """The amount in major units, with the currency's own decimals."""
        return Decimal(self.minor).scaleb(-exponent(self.currency))

    def __add__(self, other: Money) -> Money:
        self._same_currency(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        return self + -other

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __str__(self) -> str:
        return f"{self.decimal:,.{exponent(self.currency)}f} {self.currency}"

    def _same_currency(self, other: Money) -> None:
        if self.currency != other.currency:
            message = f"cannot add {other.currency} to {self.currency} without a rate"
            raise MoneyError(message)


def allocate(total: int, weights: Sequence[int]) -> list[int]:
    """Split ``total`` minor units by integer weights so that the parts sum to it exactly.

    Largest remainder (Hamilton) with ties to the earlier part; a negative total splits like its
    absolute value. Raises MoneyError when there is nothing to share among.
    """
    whole = sum(weights)
    if whole <= 0 or min(weights) < 0:
        message = "weights must be non-negative and must not all be zero"
        raise MoneyError(message)
    sign = -1 if total < 0 else 1
    floors, remainders = zip(*(divmod(abs(total) * weight, whole) for weight in weights), strict=True)
    parts = list(floors)
    by_remainder = sorted(range(len(parts)), key=lambda i: (-remainders[i], i))
    for index in by_remainder[: abs(total) - sum(parts)]:
        parts[index] += 1
    return [sign * part for part in parts]
