"""How often one user, address or account may ask; counted by the ``limits`` library."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage, Storage
from limits.aio.strategies import FixedWindowRateLimiter
from limits.storage import storage_from_string

from api.auth.tokens import Principal
from api.errors import TooManyRequestsError
from api.logs import log
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

#: The client that is installed, which gives up before the caller does.
REDIS: Mapping[str, Any] = {
    "implementation": "redispy",
    "socket_connect_timeout": 0.5,
    "socket_timeout": 0.5,
}


class RateExceededError(TooManyRequestsError):
    """The same, with the seconds to wait."""

    def __init__(self, seconds: int) -> None:
        super().__init__({"retry_after": seconds})
        self.headers = {"retry-after": str(seconds)}  # type: ignore[misc]


@dataclass(frozen=True)
class RateLimits:
    """Counts requests; without a limiter nobody is refused.

    While the place where several processes count together is away, each counts by itself.
    """

    limiter: FixedWindowRateLimiter | None
    rates: Mapping[Rate, RateLimitItem]
    alone: FixedWindowRateLimiter = field(default_factory=lambda: FixedWindowRateLimiter(MemoryStorage()))

    @classmethod
    def of(cls, settings: Settings) -> RateLimits:
        """Limits that count where the settings say."""
        rates = {name: parse(rate) for name, rate in RATES.items()}
        if not settings.rate_limits:
            return cls(None, rates)
        address = settings.rate_limit_storage
        options = REDIS if address.startswith("async+redis") else {}
        storage = cast("Storage", storage_from_string(address, **options))
        return cls(FixedWindowRateLimiter(storage), rates)

    async def spend_for(self, principal: Principal) -> None:
        """Count one request of a signed-in user; raises RateExceededError."""
        rate: Rate = "premium" if "premium" in principal.scopes else "default"
        await self.spend(rate, str(principal.user_id))

    async def spend(self, rate: Rate, *identity: str) -> None:
        """Count one request of somebody; raises RateExceededError."""
        if self.limiter is None:
            return
        try:
            seconds = await _wait(self.limiter, self.rates[rate], rate, *identity)
        except self.limiter.storage.base_exceptions as error:
            log("rate_limits_alone", level=logging.WARNING, error=type(error).__qualname__)
            seconds = await _wait(self.alone, self.rates[rate], rate, *identity)
        if seconds:
            raise RateExceededError(seconds)


async def _wait(limiter: FixedWindowRateLimiter, item: RateLimitItem, *identity: str) -> int:
    """Seconds that somebody has to wait; 0 for a request that counts."""
    if await limiter.hit(item, *identity):
        return 0
    window = await limiter.get_window_stats(item, *identity)
    return max(1, round(window.reset_time - time.time()))
