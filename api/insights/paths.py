"""Which path answers with which figure, and what it may be asked for."""

from __future__ import annotations

from inspect import Parameter
from typing import Annotated, Any

from fastapi import Query

from api.budget.endpoints import Month, Year, first_day
from api.documents import Document
from api.insights.habits import (
    ADAPTATIONS,
    ADAPTED,
    BEHAVIOR_PATTERNS,
    BEHAVIORAL,
    PATTERNS,
    PROGRESS,
    SEASONS,
    TRIGGERS,
)
from api.insights.queries import (
    ALL,
    ANALYSIS,
    ANOMALIES,
    ANSWER,
    BEST,
    CLUSTER,
    COHORT_INSIGHTS,
    COMPARISON,
    FEEDBACK,
    FORECAST,
    HEALTH,
    HISTORY,
    INCOME,
    OPTIMIZE,
    PEERS,
    PREDICTION,
    PREDICTIONS,
    PROFILE,
    RECOMMENDATIONS,
    REPORT,
    SAVINGS,
    SNAPSHOT,
    SNAPSHOTS,
    TIPS,
    WARNINGS,
    WEEKLY,
)

#: Where each is answered.
FIGURES: tuple[tuple[str, str, Document], ...] = (
    ("GET", "/api/budget/forecast", FORECAST),
    ("GET", "/api/ai/spending-prediction", PREDICTION),
    ("GET", "/api/behavior/predictions", PREDICTIONS),
    ("GET", "/api/ai/spending-anomalies", ANOMALIES),
    ("GET", "/api/behavior/anomalies", ANOMALIES),
    ("GET", "/api/behavior/warnings", WARNINGS),
    ("GET", "/api/insights/", BEST),
    ("GET", "/api/insights/history", HISTORY),
    ("GET", "/api/insights/income_based_tips", TIPS),
    ("GET", "/api/ai/insights", ALL),
    ("GET", "/api/ai/latest-snapshots", SNAPSHOTS),
    ("POST", "/api/ai/snapshot", SNAPSHOT),
    ("GET", "/api/ai/weekly-insights", WEEKLY),
    ("GET", "/api/ai/personalized-feedback", FEEDBACK),
    ("GET", "/api/ai/monthly-report", REPORT),
    ("GET", "/api/behavior/recommendations", RECOMMENDATIONS),
    ("POST", "/api/ai/assistant", ANSWER),
    ("GET", "/api/ai/savings-optimization", SAVINGS),
    ("GET", "/api/ai/financial-health-score", HEALTH),
    ("GET", "/api/analytics/health-score", HEALTH),
    ("POST", "/api/ai/optimize-budget", OPTIMIZE),
    ("GET", "/api/ai/budget-optimization", OPTIMIZE),
    ("GET", "/api/behavior/cluster", CLUSTER),
    ("GET", "/api/behavior/analysis", ANALYSIS),
    ("GET", "/api/ai/profile", PROFILE),
    ("GET", "/api/cohort/income_classification", INCOME),
    ("GET", "/api/cohort/peer_comparison", PEERS),
    ("GET", "/api/cohort/insights", COHORT_INSIGHTS),
    ("GET", "/api/analytics/cohort-comparison", COMPARISON),
    ("GET", "/api/ai/spending-patterns", PATTERNS),
    ("POST", "/api/ai/analyze-spending", PATTERNS),
    ("GET", "/api/behavior/patterns", BEHAVIOR_PATTERNS),
    ("GET", "/api/behavior/triggers", TRIGGERS),
    ("GET", "/api/behavior/progress", PROGRESS),
    ("GET", "/api/analytics/seasonal-patterns", SEASONS),
    ("GET", "/api/analytics/behavioral-insights", BEHAVIORAL),
    ("GET", "/api/budget/adaptations", ADAPTATIONS),
    ("POST", "/api/budget/auto_adapt", ADAPTED),
)

#: What callers may say, by the parameter of a document that it gives.
ASKED: dict[str, dict[str, Any]] = {
    "days": {"days": Annotated[int | None, Query(ge=1, le=730)]},
    "days_ahead": {"days_ahead": Annotated[int | None, Query(ge=1, le=90)]},
    "months": {"months": Annotated[int | None, Query(ge=2, le=36)]},
    "first_day": {"year": Year, "month": Month},
}


def parameters_of(document: Document) -> list[Parameter]:
    """What callers may say of a document, as a signature has it."""
    return [
        Parameter(name, Parameter.KEYWORD_ONLY, annotation=kind, default=None)
        for parameter, said in ASKED.items()
        if f"%({parameter})s" in document.query
        for name, kind in said.items()
    ]


def values_of(document: Document, said: dict[str, int | None]) -> dict[str, object]:
    """Values for a document's parameters."""
    given: dict[str, object] = {**said, "first_day": first_day(said.get("year"), said.get("month"))}
    return {name: given.get(name) for name in ASKED if f"%({name})s" in document.query}
