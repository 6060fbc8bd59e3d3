"""What each path says, in the client's shape, while there is not enough data.

A path that api.insights.queries answers says this of users of whom nothing was computed; others always do.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

MESSAGE = "There is not enough data for this yet."
_NOTHING: dict[str, Any] = {"enough_data": False, "message": MESSAGE}


class ToCome(NamedTuple):
    """A path, and what it says until its figure exists; a bare one has no envelope around its fields."""

    method: Literal["GET", "POST", "PATCH"]
    path: str
    data: Any
    bare: bool = False


def _with(**fields: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return {**fields, **_NOTHING}


_PERSONALITY = _with(
    spending_personality=None, key_traits=[], improvement_areas=[], strengths=[], recommended_strategies=[]
)
_SCORE = _with(
    score=0, grade="not enough data", improvements=[], risk_score=None, risk_level=None, recommendations=[]
)

TO_COME: tuple[ToCome, ...] = (
    ToCome("GET", "/api/analytics/seasonal-patterns", _with(patterns=[]), bare=True),
    ToCome("GET", "/api/analytics/behavioral-insights", _with(insights=[]), bare=True),
    ToCome("GET", "/api/analytics/feature-usage/{user_id}/{feature}", _with(count=0)),
    ToCome("GET", "/api/analytics/health-score", _SCORE),
    ToCome("GET", "/api/analytics/cohort-comparison", _with(cohort_size=None, percentile=None)),
    ToCome("GET", "/api/insights/", None),
    ToCome("GET", "/api/insights/history", []),
    ToCome("GET", "/api/insights/income_based_tips", []),
    ToCome("GET", "/api/ai/insights", []),
    ToCome("POST", "/api/ai/analyze-spending", _with(patterns=[])),
    ToCome("POST", "/api/ai/optimize-budget", _with(overall_score=None, suggestions=[])),
    ToCome("GET", "/api/ai/latest-snapshots", []),
    ToCome("POST", "/api/ai/snapshot", _with(rating=None, risk=None, summary=MESSAGE)),
    ToCome("GET", "/api/ai/profile", _PERSONALITY),
    ToCome("POST", "/api/ai/day-status-explanation", _with(explanation=MESSAGE)),
    ToCome("GET", "/api/ai/spending-patterns", _with(patterns=[])),
    ToCome("GET", "/api/ai/personalized-feedback", _with(feedback=MESSAGE, tips=[])),
    ToCome("GET", "/api/ai/budget-optimization", _with(overall_score=None, suggestions=[])),
    ToCome("POST", "/api/ai/assistant", _with(answer=MESSAGE)),
    ToCome("GET", "/api/ai/spending-anomalies", []),
    ToCome("GET", "/api/ai/financial-health-score", _SCORE),
    ToCome("GET", "/api/ai/savings-optimization", _with(potential_savings=0, suggestions=[])),
    ToCome("GET", "/api/ai/spending-prediction", _with(predicted_amount=0, confidence=0, factors=[])),
    ToCome("GET", "/api/ai/goal-analysis", _with(goals=[])),
    ToCome("GET", "/api/ai/weekly-insights", _with(insights=[], trend=None)),
    ToCome("GET", "/api/ai/monthly-report", _with(summary=MESSAGE, highlights=[], recommendations=[])),
    ToCome(
        "GET",
        "/api/behavior/analysis",
        _PERSONALITY
        | {
            "recommendations": [],
            "peak_spending_times": [],
            "weekend_spending_ratio": None,
            "food_spending_ratio": None,
        },
    ),
    ToCome("GET", "/api/behavior/patterns", _with(patterns=[], analysis={})),
    ToCome(
        "GET",
        "/api/behavior/predictions",
        _with(
            next_month_spending=0, confidence=0, risk_factors=[], recommended_budget=0, savings_potential=0
        ),
    ),
    ToCome("GET", "/api/behavior/recommendations", _with(recommendations=[])),
    ToCome("GET", "/api/behavior/triggers", _with(triggers=[])),
    ToCome("GET", "/api/behavior/cluster", _with(cluster_name=None, description=None, characteristics=[])),
    ToCome(
        "GET",
        "/api/behavior/progress",
        _with(overall_score=None, progress_message=MESSAGE, metrics=[], improvements=[]),
    ),
    ToCome("GET", "/api/behavior/warnings", _with(warnings=[])),
    ToCome("GET", "/api/behavior/category/{category}", _with(patterns=[])),
    ToCome("GET", "/api/behavior/anomalies", []),
    ToCome("POST", "/api/behavior/calendar", _with(calendar={})),
    ToCome("POST", "/api/behavior/expense_suggestions", _with(suggestions=[])),
    ToCome(
        "GET",
        "/api/cohort/income_classification",
        _with(monthly_income=0, tier=None, tier_name=None, range=None),
    ),
    ToCome(
        "GET",
        "/api/cohort/peer_comparison",
        _with(
            your_spending=0, peer_average=None, peer_median=None, percentile=None, categories={}, insights=[]
        ),
    ),
    ToCome(
        "GET",
        "/api/cohort/insights",
        _with(cohort_size=None, your_rank=None, percentile=None, top_insights=[], recommendations=[]),
    ),
    ToCome("GET", "/api/budget/adaptations", _with(adaptations=[])),
    ToCome("POST", "/api/budget/auto_adapt", _with(adaptations=[])),
    ToCome("GET", "/api/budget/forecast", _with(days=[])),
)


def said_of(method: str, path: str) -> Any:  # noqa: ANN401 - JSON
    """What a path says where there is nothing to say."""
    return next(said.data for said in TO_COME if (said.method, said.path) == (method, path))


def is_bare(method: str, path: str) -> bool:
    """Whether a path answers without an envelope."""
    return any(said.bare for said in TO_COME if (said.method, said.path) == (method, path))
