"""Draws how good forecasts are, what they say, and where their bands lay before and after a calibration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from models_ml.forecaster.features import HORIZON, TARGETS
from models_ml.forecaster.predict import quantiles

if TYPE_CHECKING:
    import polars as pl

    from flows.evaluation.forecasts import ForecastReport
    from models_ml.forecaster.calibrate import Trial
    from models_ml.forecaster.history import Floats
    from models_ml.forecaster.model import ForecastModel

_COLOURS = {"balance": "#1565C0", "spent": "#EF6C00", "day": "#2E7D32"}
_AIM, _NEAR = 0.8, 0.03
_MONTH = 30


def draw_report(report: ForecastReport, path: Path) -> None:
    """One panel per data set: how often the 80 % band held, by days ahead; the aim with its three points."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - slow to import, wanted only here

    figure = Figure(figsize=(4.0 * len(report.data), 3.6), layout="constrained")
    for place, data in enumerate(report.data, start=1):
        axes = figure.add_subplot(1, len(report.data), place)
        axes.axhspan(_AIM - _NEAR, _AIM + _NEAR, color="#ECEFF1")
        for score in data.scores:
            if score.forecaster != "mita":
                continue
            days, held = list(score.coverage_by_horizon), list(score.coverage_by_horizon.values())
            label = f"{score.target}: {score.skill:.0%} below naive"
            axes.plot(days, held, marker="o", color=_COLOURS[score.target], label=label)
        axes.set(
            title=f"{data.data}, {data.people} people", xlabel="days ahead", ylim=(0.3, 1.0), xscale="log"
        )
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False, loc="lower left", fontsize=8)
        if place == 1:
            axes.set_ylabel("share of days within P10 to P90")
    figure.savefig(path, dpi=150)


def held(trials: Sequence[Trial], model: ForecastModel) -> dict[str, Floats]:
    """How often the 80 % band held by target, for each day ahead, with others' calibration alone."""
    found = {}
    for target in TARGETS:
        inside, seen = np.zeros(HORIZON), np.zeros(HORIZON)
        for trial in trials:
            truth = trial.truth[target]
            said = quantiles(trial, target, model, ())[: len(truth)]
            inside[: len(truth)] += (truth >= said[:, 0]) & (truth <= said[:, -1])
            seen[: len(truth)] += 1
        found[target] = inside / np.maximum(seen, 1)
    return found


def draw_calibration(before: Mapping[str, Floats], after: Mapping[str, Floats], path: Path) -> None:
    """By days ahead how often the band held: thin before, thick with the new calibration."""
    from matplotlib.figure import Figure  # noqa: PLC0415

    figure = Figure(figsize=(6.0, 3.6), layout="constrained")
    axes = figure.add_subplot()
    axes.axhspan(_AIM - _NEAR, _AIM + _NEAR, color="#ECEFF1")
    days = np.arange(1, HORIZON + 1)
    for target, values in after.items():
        axes.plot(days, before[target], color=_COLOURS[target], linewidth=0.7, linestyle="--")
        axes.plot(days, values, color=_COLOURS[target], label=target)
    axes.set(xlabel="days ahead", ylabel="share of days within P10 to P90", ylim=(0.3, 1.0))
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=110)


def draw_ahead(rows: pl.DataFrame, path: Path) -> None:
    """P10, P50 and P90 of the sum spent by each day ahead (ml.forecast_days), the median of the users.

    In what each is likely to spend in the first 30 days, so that currencies and incomes do not matter.
    """
    import polars as pl  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    ahead = rows.with_columns(day=pl.int_range(1, pl.len() + 1).over("user_id"))
    month = pl.col("spent_until_p50_minor").filter(pl.col("day") == _MONTH).first().over("user_id")
    levels = [f"spent_until_p{level}_minor" for level in (10, 50, 90)]
    told = (
        ahead.filter(month > 0)
        .with_columns(pl.col(levels) / month)
        .group_by("day")
        .agg(pl.col(levels).median())
    )
    told = told.sort("day")
    figure = Figure(figsize=(6.0, 3.6), layout="constrained")
    axes = figure.add_subplot()
    axes.fill_between(told["day"], told[levels[0]], told[levels[2]], color="#BBDEFB", label="P10 to P90")
    axes.plot(told["day"], told[levels[1]], color="#1565C0", label="P50")
    axes.set(
        xlabel="days ahead",
        ylabel="spent, in likely spending of 30 days",
        title=f"{rows['user_id'].n_unique()} users",
    )
    axes.legend(frameon=False, loc="upper left")
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=110)
