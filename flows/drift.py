"""The watch-models flow: whether the lines have changed, and users still agree with the model."""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass

from prefect import flow

from flows.orchestration import DATABASE_RETRIES, publish_table, task
from warehouse.engine import open_warehouse
from warehouse.repositories import drift
from warehouse.settings import Settings

#: Of the population stability index; above 0.2 is the usual word for a shift that matters.
MOST_SHIFT = 0.2
#: Standard errors by which agreement may fall before somebody is told.
MOST_ERRORS = 3.0
_LEAST_LINES = 200
_LEAST_DECISIONS = 30


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    what: str
    value: float
    limit: float
    is_alert: bool
    told: str


@flow(name="watch-models", description="Look for drift of lines and of users' agreement with the model.")
def watch_models() -> list[Finding]:
    """Compare the last month with the three before it; what went too far is told as a warning."""
    return find_drift(Settings())


@task(name="find drift", **DATABASE_RETRIES)
def find_drift(settings: Settings) -> list[Finding]:
    """What changed, each with its limit; nothing where there are too few lines to say."""
    with open_warehouse(settings) as warehouse, warehouse.transaction() as connection:
        latest = drift.latest_drift(connection)
    found = findings(latest) if latest else []
    for finding in found:
        if finding.is_alert:
            logging.getLogger(__name__).warning("Model drift: %s: %s", finding.what, finding.told)
    publish_table("drift", [asdict(finding) for finding in found], "The last month against the three before")
    return found


def findings(latest: drift.Drift) -> list[Finding]:
    """The judgement on a month."""
    found = []
    if latest.lines >= _LEAST_LINES and latest.lines_before >= _LEAST_LINES:
        told = (
            f"probabilities of {latest.lines} lines differ by {latest.shift:.3f} from those before; "
            f"{latest.stored_share:.0%} stand, before {latest.stored_share_before:.0%}"
        )
        found.append(Finding("lines", latest.shift, MOST_SHIFT, latest.shift > MOST_SHIFT, told))
    if min(latest.decided, latest.decided_before) >= _LEAST_DECISIONS:
        before, now = latest.agreed_before / latest.decided_before, latest.agreed / latest.decided
        pooled = (latest.agreed + latest.agreed_before) / (latest.decided + latest.decided_before)
        error = (
            max(pooled * (1 - pooled), 1e-6) ** 0.5 * (1 / latest.decided + 1 / latest.decided_before) ** 0.5
        )
        told = f"users agree with {now:.0%} of {latest.decided} guesses, before with {before:.0%}"
        fall = (before - now) / error
        found.append(Finding("agreement", fall, MOST_ERRORS, fall > MOST_ERRORS, told))
    return found
