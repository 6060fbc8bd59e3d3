"""The chain of meaning as deployments: all scheduled, each a flow that exists, in an order that holds."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect import Flow

PROJECT = Path(__file__).resolve().parents[2]
#: How often each part runs; days and weeks begin by time zone, so those of a user's day run hourly.
CHAIN = {
    "build-hourly": "hourly",
    "forecast-hourly": "hourly",
    "alerts-hourly": "hourly",
    "insights-hourly": "hourly",
    "advice-weekly": "hourly",
    "calibrate-forecasts-weekly": "weekly",
    "cluster-users-monthly": "monthly",
    "release-cohorts-monthly": "monthly",
    "learn-profiles": "monthly",
}


@pytest.fixture(scope="module")
def deployments() -> dict[str, dict[str, Any]]:
    declared = yaml.safe_load((PROJECT / "prefect.yaml").read_text(encoding="utf-8"))["deployments"]
    return {each["name"]: each for each in declared}


def how_often(cron: str) -> str:
    _, hour, day, _, weekday = cron.split()
    if hour == "*":
        return "hourly"
    if weekday != "*":
        return "weekly"
    return "monthly" if day != "*" else "daily"


@pytest.mark.parametrize(("name", "often"), CHAIN.items())
def test_each_part_is_scheduled_and_is_a_flow(
    deployments: dict[str, dict[str, Any]], name: str, often: str
) -> None:
    deployment = deployments[name]
    assert [how_often(each["cron"]) for each in deployment["schedules"]] == [often]
    assert deployment["description"]
    file, function = deployment["entrypoint"].split(":")
    flow = getattr(import_module(file.removesuffix(".py").replace("/", ".")), function)
    assert isinstance(flow, Flow)
    # Whoever runs it again by hand has nothing to fill in.
    assert not flow.parameters.required


def test_within_an_hour_each_part_comes_after_what_it_reads(deployments: dict[str, dict[str, Any]]) -> None:
    order = ["build-hourly", "forecast-hourly", "alerts-hourly", "insights-hourly", "advice-weekly"]
    minutes = [int(deployments[name]["schedules"][0]["cron"].split()[0]) for name in order]
    assert minutes == sorted(minutes)


def test_a_month_is_looked_at_on_several_days_so_that_a_missed_one_is_caught_up(
    deployments: dict[str, dict[str, Any]],
) -> None:
    for name in ("cluster-users-monthly", "release-cohorts-monthly"):
        assert "-" in deployments[name]["schedules"][0]["cron"].split()[2]
