"""The whole chain on generated lives: forecast, alerts, findings, advice; run twice, run late."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import psycopg
import pytest
from psycopg import sql
from pydantic import PostgresDsn, SecretStr
from sqlalchemy import text

from flows.alerts import alert_block
from flows.dbt import run_dbt
from flows.forecast import current_model, forecast_block
from flows.insights import VERSION, _advise, _insight_block, advisable
from models_ml.anomalies.choose import shipped as shipped_alerts
from models_ml.insights.narrate import Note
from tests.benchmarks.crowd import multiply
from tests.conftest import TEMPLATE, administration
from tests.flows.generated_people import move_in
from warehouse.engine import Warehouse
from warehouse.repositories import done_days, freshness
from warehouse.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.engine import URL

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Lived:
    """A warehouse in which people lived for some months."""

    warehouse: Warehouse
    settings: Settings
    people: dict[str, UUID]

    def rows(self, query: str, **parameters: object) -> list[Any]:
        with self.warehouse.transaction() as connection:
            return list(connection.execute(text(query), parameters).all())


@pytest.fixture(scope="module")
def lived(
    server: URL, shared_settings: Settings, worker_id: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Lived]:
    name = f"mita_meaning_{worker_id}"
    folder: Path = tmp_path_factory.mktemp("lives")
    with psycopg.connect(administration(server), autocommit=True) as connection:
        drop = sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name))
        connection.execute(drop)
        connection.execute(
            sql.SQL("create database {} template {} strategy file_copy").format(
                sql.Identifier(name), sql.Identifier(TEMPLATE)
            )
        )
        settings = Settings(home=folder / "home", secret_key=SecretStr(shared_settings.secret.decode()))
        warehouse = Warehouse(settings, server.set(database=name))
        tomorrow = date.today() + timedelta(days=1)  # noqa: DTZ011 - the people live in UTC
        people = move_in(warehouse, folder / "bank", users=6, months=8, end=tomorrow)
        with warehouse.transaction() as transaction:
            freshness.queue_all_users(transaction)
        everything = ["build", "--full-refresh", "--exclude-resource-type", "test", "unit_test"]
        run_dbt(settings, warehouse.server, everything)
        with warehouse.transaction() as transaction:
            freshness.record_build(transaction)
        yield Lived(warehouse, settings, people)
        connection.execute(drop)


@pytest.fixture(scope="module")
def prefect_server() -> Iterator[None]:
    """One server for the flows of this module: starting it takes as long as running them."""
    from prefect.testing.utilities import prefect_test_harness

    with prefect_test_harness(server_startup_timeout=240):
        yield


def due(lived: Lived, work: str, version: str = "1", every: str = "day") -> list[done_days.DueUser]:
    with lived.warehouse.transaction() as connection:
        return done_days.due_users(connection, work, version=version, every=every)


def test_everybody_is_forecast_once_a_day_and_again_when_a_day_was_missed(lived: Lived) -> None:
    model = current_model(lived.warehouse)
    first = forecast_block(lived.warehouse, due(lived, "forecast", model.version), model)
    assert first["user_id"].n_unique() == 6
    assert due(lived, "forecast", model.version) == []
    with lived.warehouse.transaction() as connection:
        connection.execute(text("update ops.done_days set done_for = done_for - 3 where work = 'forecast'"))
    late = due(lived, "forecast", model.version)
    assert len(late) == 6
    again = forecast_block(lived.warehouse, late, model)
    assert again.sort("user_id", "forecast_date").equals(first.sort("user_id", "forecast_date"))
    counted = lived.rows("select count(*), count(distinct user_id) from ml.forecast_days")[0]
    assert counted == (first.height, 6)


def test_quantiles_are_in_order_and_sums_begin_with_the_first_day(lived: Lived) -> None:
    wrong = lived.rows("""
        select * from ml.forecast_days
        where spent_p10_minor > spent_p50_minor or spent_p50_minor > spent_p90_minor
            or spent_until_p10_minor > spent_until_p50_minor or spent_until_p50_minor > spent_until_p90_minor
            or balance_p10_minor > balance_p50_minor or balance_p50_minor > balance_p90_minor
    """)
    assert wrong == []


def test_alerts_are_the_same_when_looked_for_twice_and_stay_dismissed(lived: Lived) -> None:
    block = due(lived, "alerts")
    with lived.warehouse.transaction() as connection:
        first = alert_block(connection, block, shipped_alerts())
    with lived.warehouse.transaction() as connection:
        again = alert_block(connection, block, shipped_alerts())
    assert sorted(first["alert_key"]) == sorted(again["alert_key"])
    assert first["alert_key"].n_unique() == first.height
    # As after a re-import: the same facts under other ids.
    with lived.warehouse.transaction() as connection:
        connection.execute(text("update marts.fct_transactions set transaction_id = gen_random_uuid()"))
        other = alert_block(connection, block, shipped_alerts())
    assert set(other.filter(other["is_shown"])["alert_key"]) == set(
        first.filter(first["is_shown"])["alert_key"]
    )


@pytest.mark.parametrize(
    ("said", "is_foreign"),
    [
        ("SHOP ISTANBUL 1200 TRY @ 45.5", True),
        ("VISA PURCHASE USD 23.40 AMAZON", True),
        ("Hotel 1.234,00 GBP Kurs 0,86", True),
        ("12.00 EUR FEE 13.50 USD", True),
        ("Lidl 23,40 EUR", False),
        ("ALL 24 FITNESS TRY 2", False),
        ("PAYMENT ABC 12.50", False),
        ("Room 12", False),
    ],
)
def test_a_line_tells_of_money_of_another_country(lived: Lived, said: str, *, is_foreign: bool) -> None:
    from warehouse.repositories.alerts import IS_FOREIGN

    (row,) = lived.rows(
        f"select {IS_FOREIGN} as it_is"  # noqa: S608 - the repository's own
        " from (values (cast(:said as text), 'EUR')) as t (description, currency)",
        said=said,
    )
    assert row.it_is == is_foreign


def test_nobody_is_shown_more_than_one_new_alert_a_week(lived: Lived) -> None:
    crowded = lived.rows("""
        select user_id, date_trunc('week', raised_on), count(*) from ml.alerts where is_shown
        group by 1, 2 having count(*) > 1
    """)
    assert crowded == []


def test_findings_carry_numbers_sources_and_both_languages(lived: Lived) -> None:
    run_dbt(lived.settings, lived.warehouse.server, ["run", "--select", "tag:meaning"])
    assert _insight_block(lived.warehouse, due(lived, "insights", VERSION)) > 0
    from models_ml.insights.numbers import figures

    for told_en, told_bg, facts, sources in lived.rows(
        "select text_en, text_bg, facts, sources from ml.insights"
    ):
        assert sources
        for told in (told_en, told_bg):
            plain = [each for each in figures(told) if each.unit != "month"]
            assert plain
            for each in plain:
                read = [abs(each.value), each.decimal or 0.0]  # three decimals may be thousands
                assert any(abs(value - n) < 0.006 for value in read for n in facts["numbers"]), told


class Liar:
    """A model that tells a figure of its own."""

    name = "liar"

    def ask(self, schema: type[Note], *_args: object, **_options: object) -> Note:
        return schema(text="You will save 987654321 EUR, guaranteed.")


def test_advice_is_told_once_a_week_and_a_lie_is_not_told(lived: Lived) -> None:
    with lived.warehouse.transaction() as connection:
        # Whose findings are not looked for yet would be told nothing.
        connection.execute(text("update ops.done_days set version = 'old' where work = 'insights'"))
        assert advisable(connection) == []
        connection.execute(
            text(
                "update ops.done_days set version = '2-' || v.version"
                " from ops.mart_versions as v where v.user_id = done_days.user_id"
                " and work = 'insights'"
            )
        )
        week = advisable(connection)
    narrated, refused = _advise(lived.warehouse, week, Liar())
    assert (narrated, refused) == (0, 6)
    told = lived.rows("select text, told_by from ml.advice_snapshots")
    assert {each.told_by for each in told} == {"template"}
    assert not any("987654321" in each.text for each in told)
    with lived.warehouse.transaction() as connection:
        assert advisable(connection) == []
        # Facts that change in the week change nothing of what was told.
        connection.execute(text("update ops.done_days set version = 'old' where work = 'advice'"))
        assert advisable(connection) == []
    _advise(lived.warehouse, week, None)
    assert lived.rows("select text, told_by from ml.advice_snapshots order by 1") == sorted(told)


def standing(lived: Lived) -> list[list[Any]]:
    """What users read of, without the moments at which it was computed."""
    return [
        lived.rows(query)
        for query in (
            "select * from ml.forecast_days order by user_id, forecast_date",
            "select user_id, alert_key, is_shown from ml.alerts order by 1, 2",
            "select user_id, insight_key, found_on, last_seen_on, text_en from ml.insights order by 1, 2",
            "select user_id, week_start, language, text from ml.advice_snapshots order by 1, 2, 3",
        )
    ]


@pytest.mark.usefixtures("prefect_server")
def test_two_missed_nights_are_caught_up_with_by_one_round_of_the_scheduled_flows(
    lived: Lived, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flows.alerts import raise_alerts
    from flows.build import build
    from flows.forecast import forecast
    from flows.insights import find_insights, weekly_advice

    monkeypatch.setenv("MITA_HOME", str(lived.settings.root))
    monkeypatch.setenv("MITA_SECRET_KEY", lived.settings.secret.decode())
    monkeypatch.setenv("MITA_DATABASE_URL", lived.warehouse.server.render_as_string(hide_password=False))
    chain: tuple[Any, ...] = (build, forecast, raise_alerts, find_insights, weekly_advice)
    with lived.warehouse.transaction() as connection:
        # As two nights ago: marts, forecasts, alerts and findings of that day, and a week without advice.
        connection.execute(text("update ops.mart_versions set today = today - 2"))
        connection.execute(text("update ops.done_days set done_for = done_for - 2"))
        connection.execute(text("delete from ml.forecast_days where forecast_date > current_date + 80"))
        connection.execute(text("delete from ml.advice_snapshots"))
    states = [flow(return_state=True) for flow in chain]
    assert [state.type.value for state in states] == ["COMPLETED"] * 5, states
    behind = "select * from ops.mart_versions where today < (now() at time zone 'UTC')::date"
    assert lived.rows(behind) == []
    daily = "select distinct done_for - (now() at time zone 'UTC')::date as late from ops.done_days"
    assert {row.late for row in lived.rows(f"{daily} where work <> 'advice'")} == {0}
    after = standing(lived)
    assert all(after)
    assert len({row.user_id for row in after[0]}) == len({row.user_id for row in after[3]}) == 6
    for flow in chain:
        assert flow(return_state=True).is_completed()
    assert standing(lived) == after


@pytest.mark.usefixtures("prefect_server")
def test_a_dask_cluster_of_two_workers_forecasts_the_same(
    lived: Lived, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("prefect_dask")
    from flows import spread

    kept = "select * from ml.forecast_days order by user_id, forecast_date"
    with lived.warehouse.transaction() as connection:
        connection.execute(text("delete from ops.done_days where work = 'forecast'"))
    model = current_model(lived.warehouse)
    forecast_block(lived.warehouse, due(lived, "forecast", model.version), model)
    alone = lived.rows(kept)
    with lived.warehouse.transaction() as connection:
        connection.execute(text("delete from ops.done_days where work = 'forecast'"))
        connection.execute(text("delete from ml.forecast_days"))
    monkeypatch.setenv("MITA_HOME", str(lived.settings.root))
    monkeypatch.setenv("MITA_SECRET_KEY", lived.settings.secret.decode())
    monkeypatch.setenv("MITA_DATABASE_URL", lived.warehouse.server.render_as_string(hide_password=False))
    monkeypatch.setattr(spread, "USERS_A_PART", 2)
    told = spread.forecast_on_dask(2)
    assert (told.users, told.days) == (6, len(alone))
    assert lived.rows(kept) == alone


@pytest.mark.filterwarnings("ignore")  # MLflow's own, on import
def test_kinds_of_a_crowd_are_kept_registered_and_drawn_and_found_alike_again(
    lived: Lived, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Runs last: it makes a crowd of the six."""
    from flows import cohorts
    from models_ml import registry

    tracking = f"sqlite:///{tmp_path}/mlflow.db"
    monkeypatch.setattr(cohorts, "tracking_uri", lambda *_: tracking)
    address = PostgresDsn(lived.warehouse.server.render_as_string(hide_password=False))
    settings = lived.settings.model_copy(update={"database_url": address, "home": tmp_path})
    month = cohorts.last_complete_month(date.today())  # noqa: DTZ011
    drawn: dict[str, bytes] = {}
    monkeypatch.setattr(cohorts, "publish_plot", lambda key, plot, _: drawn.update({key: plot.read_bytes()}))
    assert cohorts.cluster_month(settings, month) is None  # six are no population
    with lived.warehouse.transaction() as connection:
        people = multiply(connection, cohorts.ENOUGH_PEOPLE)
    told = []
    for _ in range(2):
        cohorts.cluster_month(settings, cohorts.months_before(month, 1))
        told.append(cohorts.cluster_month(settings, month))
        cohorts.show_clusters(settings, month)
    first, again = told
    assert first is not None
    assert first == again
    assert first.people == people
    counted = lived.rows("select month, count(*) as people from ml.cluster_members group by month")
    assert {each.people for each in counted} == {people}
    (version,) = registry.versions("clusters", tracking_uri=tracking)
    assert version.aliases == ("champion",)
    assert version.metrics["stability"] > 0
    assert set(drawn) == {"clusters-plot", "cluster-drift-plot"}
    assert all(plot.startswith(b"\x89PNG") for plot in drawn.values())
