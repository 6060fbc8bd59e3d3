"""Draws how good forecasts are, and what one looks like."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flows.evaluation.forecasts import ForecastReport

_COLOURS = {"balance": "#1565C0", "spent": "#EF6C00", "day": "#2E7D32"}
_AIM, _NEAR = 0.8, 0.03


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
