"""One definition of a figure: MetricFlow's own SQL for each metric against every mart that shows it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from flows.dbt import dbt_environment, project_folder

if TYPE_CHECKING:
    from metricflow.engine.metricflow_engine import MetricFlowEngine

    from tests.dbt.conftest import Built

HOUSEHOLDS = 12
Rows = dict[tuple[Any, ...], tuple[Any, ...]]
#: A month of a user, as MetricFlow calls it.
MONTHLY = ("person", "metric_time__month")
DAILY = ("person", "metric_time__day")


@pytest.fixture(scope="module")
def engine(built: Built, tmp_path_factory: pytest.TempPathFactory) -> MetricFlowEngine:
    """MetricFlow on the project's semantic manifest; it writes SQL, and we run it."""
    from dbt_metricflow.cli.dbt_connectors.adapter_backed_client import SupportedAdapterTypes
    from metricflow.engine.metricflow_engine import MetricFlowEngine
    from metricflow_semantics.model.dbt_manifest_parser import parse_manifest_from_dbt_generated_manifest
    from metricflow_semantics.model.semantic_manifest_lookup import SemanticManifestLookup

    folder = tmp_path_factory.mktemp("metrics")
    places = [f"--project-dir={project_folder()}", f"--profiles-dir={project_folder()}"]
    subprocess.run(
        [str(Path(sys.executable).parent / "dbt"), "--quiet", "parse", *places, f"--target-path={folder}"],
        check=True,
        env=dbt_environment(built.warehouse.settings, built.warehouse.server) | {"DBT_LOG_PATH": str(folder)},
    )
    written = (folder / "semantic_manifest.json").read_text(encoding="utf-8")
    manifest = parse_manifest_from_dbt_generated_manifest(written)

    class Writer:
        """What MetricFlow needs to know of a database to write for it."""

        sql_engine_type = SupportedAdapterTypes.POSTGRES.sql_engine_type
        sql_plan_renderer = SupportedAdapterTypes.POSTGRES.sql_plan_renderer

    return MetricFlowEngine(SemanticManifestLookup(manifest), Writer())  # type: ignore[arg-type]


def metric(
    built: Built, engine: MetricFlowEngine, names: Sequence[str], by: Sequence[str], where: str = ""
) -> Rows:
    """The metrics by what they are grouped by, those that are nothing left out."""
    from metricflow.engine.metricflow_engine import MetricFlowQueryRequest

    request = MetricFlowQueryRequest.create(
        metric_names=list(names), group_by_names=list(by), where_constraints=[where] if where else None
    )
    query = engine.explain(request).sql_statement.sql
    with built.warehouse.transaction() as connection:
        found = connection.execute(text(query.replace(":", "\\:"))).mappings().all()
    return _rows([([row[name] for name in by], [row[name] for name in names]) for row in found])


def rows(built: Built, query: str, keys: int) -> Rows:
    """What a query answers, by its first columns."""
    with built.warehouse.transaction() as connection:
        found = connection.execute(text(query)).all()
    return _rows([(row[:keys], row[keys:]) for row in found])


def _rows(found: Sequence[tuple[Sequence[Any], Sequence[Any]]]) -> Rows:
    """As plain values, rows of nothing but zeros left out."""
    return {tuple(map(_plain, keys)): tuple(map(_plain, figures)) for keys, figures in found if any(figures)}


def _plain(value: Any) -> Any:  # noqa: ANN401 - a value of any type
    """Timestamps at midnight are days, decimals are rounded as marts round them."""
    if hasattr(value, "hour"):
        return value.date()
    if isinstance(value, float | Decimal):
        return round(Decimal(value), 4)
    return value


def test_spending_and_income_are_the_same_by_day_in_the_cash_flow(
    built: Built, engine: MetricFlowEngine
) -> None:
    by_metric = metric(built, engine, ["spending", "income", "refunds", "saved", "transferred"], DAILY)
    by_mart = rows(
        built,
        "select user_id, cash_date, spent_minor, income_minor, refunded_minor, saved_minor, transferred_minor"
        " from marts.fct_daily_cash_flow",
        2,
    )
    assert by_metric
    assert by_metric == by_mart


def test_spending_is_the_same_on_the_days_of_the_plan(built: Built, engine: MetricFlowEngine) -> None:
    by_metric = metric(built, engine, ["spending", "saved"], DAILY)
    by_mart = rows(
        built, "select user_id, plan_date, spent_minor, saved_minor from marts.fct_daily_totals", 2
    )
    assert by_mart
    assert by_mart.items() <= by_metric.items()  # the plan has two years, the metric all


def test_spending_is_the_same_by_merchant(built: Built, engine: MetricFlowEngine) -> None:
    by_metric = metric(built, engine, ["spending", "refunds"], [*MONTHLY, "line__merchant"])
    by_mart = rows(
        built,
        "select user_id, month_start, merchant, sum(spent_minor), sum(refunded_minor)"
        " from marts.fct_merchant_months group by 1, 2, 3",
        3,
    )
    assert by_metric
    assert by_metric == by_mart


@pytest.mark.parametrize("span", ["day", "week", "month", "quarter", "year"])
def test_spending_is_the_same_in_every_span(built: Built, engine: MetricFlowEngine, span: str) -> None:
    by = ["person", f"metric_time__{span}", "category"]
    by_metric = metric(built, engine, ["spending", "refunds", "purchases"], by)
    query = """
        select user_id, span_start, category_code, spent_minor, refunded_minor, purchases
        from marts.fct_spending_spans where span = '{span}'
    """
    by_mart = rows(built, query.format(span=span), 3)
    assert by_metric
    assert by_metric == by_mart


def test_saving_rate_and_cash_flow_are_the_same_by_month(built: Built, engine: MetricFlowEngine) -> None:
    by_metric = metric(built, engine, ["cash_flow", "saving_rate"], MONTHLY)
    by_mart = rows(
        built,
        "select user_id, month_start, cash_flow_minor, saving_rate from marts.fct_monthly_cash_flow",
        2,
    )
    assert by_metric
    assert by_metric == by_mart


def test_net_worth_is_the_last_of_the_month(built: Built, engine: MetricFlowEngine) -> None:
    by_metric = metric(built, engine, ["net_worth"], MONTHLY)
    by_mart = rows(built, "select user_id, month_start, net_worth_minor from marts.fct_monthly_cash_flow", 2)
    assert by_metric == by_mart


def test_adherence_and_saving_rate_of_the_health_score_are_the_metrics(
    built: Built, engine: MetricFlowEngine
) -> None:
    """Over the periods that the score looks at, which are the complete ones of four months."""
    recent = rows(
        built,
        "select distinct user_id, period_start, true from intermediate.int_plan_periods as p"
        " where is_complete and period_end <= today and period_end > today - 122",
        2,
    )
    parts = metric(
        built,
        engine,
        ["within_budget", "spent_of_budgets"],
        ["person", "user_period_category__period_start__day"],
    )
    kept: dict[Any, list[int]] = {}
    for (user, period), (within, spent) in parts.items():
        if (user, period) in recent:
            kept.setdefault(user, [0, 0])
            kept[user] = [kept[user][0] + (within or 0), kept[user][1] + (spent or 0)]
    by_metric = {
        (user,): (round(Decimal(within) / spent, 4),) for user, (within, spent) in kept.items() if spent
    }
    by_mart = rows(built, "select user_id, plan_kept from marts.fct_financial_health", 1)
    assert by_metric
    assert {key: value for key, value in by_metric.items() if any(value)} == by_mart


def test_a_metric_is_split_by_currency_and_taxonomy(built: Built, engine: MetricFlowEngine) -> None:
    """Dimensions of users and categories reach the purchases, and nothing gets lost on the way."""
    whole = metric(built, engine, ["spending"], ["person__currency"])
    parts = metric(built, engine, ["spending"], ["person__currency", "category__name_en"])
    summed: dict[str, int] = {}
    for (currency, _), (spent,) in parts.items():
        summed[currency] = summed.get(currency, 0) + spent
    assert whole == {(currency,): (spent,) for currency, spent in summed.items()}
