"""Counters for Prometheus: by route and status, never by user."""

from __future__ import annotations

from dataclasses import dataclass, field

from fastapi import APIRouter, Request, Response
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
)

#: Seconds; an answer takes milliseconds, a password hash tens, a receipt seconds.
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)

router = APIRouter(tags=["health"])


@dataclass(frozen=True)
class Metrics:
    """One registry per application, so that two in one process do not mix."""

    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    requests: Counter = field(init=False)
    seconds: Histogram = field(init=False)
    #: The counters of what was asked before, because finding them by labels takes longer than counting.
    known: dict[tuple[str, str | None, int], tuple[Counter, Histogram]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        registry = self.registry
        labels = ["method", "route"]
        requests = Counter(
            "mita_requests_total", "Requests answered.", [*labels, "status"], registry=registry
        )
        seconds = Histogram(
            "mita_request_seconds", "Time to an answer.", labels, buckets=BUCKETS, registry=registry
        )
        object.__setattr__(self, "requests", requests)
        object.__setattr__(self, "seconds", seconds)

    def count(self, method: str, route: str | None, status: int, seconds: float) -> None:
        """Note one answered request; addresses that lead nowhere share one label."""
        counters = self.known.get((method, route, status))
        if counters is None:
            name = route or "none"
            counters = self.requests.labels(method, name, str(status)), self.seconds.labels(method, name)
            self.known[method, route, status] = counters
        counters[0].inc()
        counters[1].observe(seconds)


@router.get("/metrics", response_class=Response, include_in_schema=False)
async def metrics(request: Request) -> Response:
    """What Prometheus scrapes."""
    held: Metrics = request.app.state.metrics
    return Response(generate_latest(held.registry), media_type=CONTENT_TYPE_LATEST)
