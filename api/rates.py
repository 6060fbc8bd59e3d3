"""How often one user, address or account may ask; counted by the ``limits`` library."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from limits import RateLimitItem, parse
from limits.aio.strategies import FixedWindowRateLimiter
from limits.storage import storage_from_string

from api.auth.tokens import Principal
from api.errors import TooManyRequestsError
from warehouse.settings import Settings

Rate = Literal["default", "premium", "login", "register", "mail", "refresh", "ocr", "ai", "address"]

#: ``address`` bounds what one address may ask without being signed in.
RATES: Mapping[Rate, str] = {
    "default": "100/minute",
    "premium": "600/minute",
    "login": "5/minute",
    "register": "3/hour",
    "mail": "3/hour",
    "refresh": "30/minute",
    "ocr": "10/minute",
    "ai": "20/minute",
    "address": "60/minute",
}


class RateExceededError(TooManyRequestsError):
    """The same, with the seconds to wait."""

    def __init__(self, seconds: int) -> None:
        super().__init__({"retry_after": seconds})
        self.headers = {"retry-after": str(seconds)}  # type: ignore[misc]


@dataclass(frozen=True)
class RateLimits:
    """Counts requests; without a limiter nobody is refused."""

    limiter: FixedWindowRateLimiter | None
    rates: Mapping[Rate, RateLimitItem]

    @classmethod
    def of(cls, settings: Settings) -> RateLimits:
        """Limits that count where the settings say."""
        rates = {name: parse(rate) for name, rate in RATES.items()}
        if not settings.rate_limits:
            return cls(None, rates)
        storage = storage_from_string(settings.rate_limit_storage)
        return cls(FixedWindowRateLimiter(storage), rates)

    async def spend_for(self, principal: Principal) -> None:
        """Count one request of a signed-in user; raises RateExceededError."""
        rate: Rate = "premium" if "premium" in principal.scopes else "default"
        await self.spend(rate, str(principal.user_id))

    async def spend(self, rate: Rate, *identity: str) -> None:
        """Count one request of somebody; raises RateExceededError."""
        if self.limiter is None:
            return
        item = self.rates[rate]
        if not await self.limiter.hit(item, rate, *identity):
            window = await self.limiter.get_window_stats(item, rate, *identity)
            raise RateExceededError(max(1, round(window.reset_time - time.time())))
