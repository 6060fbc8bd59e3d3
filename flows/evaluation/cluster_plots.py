"""Draws which kinds of money life there are, and how far people moved between them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from models_ml.clusters.model import name

if TYPE_CHECKING:
    import polars as pl

    from models_ml.clusters.model import ClusterModel


def draw_clusters(model: ClusterModel, people: pl.DataFrame, path: Path) -> None:
    """How each number of clusters fared, and the people on their two first axes."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - slow to import, wanted only here

    figure = Figure(figsize=(9.5, 4.0), layout="constrained")
    left, right = figure.subplots(1, 2)
    counts = [choice.clusters for choice in model.choices]
    left.plot(counts, [each.stability for each in model.choices], marker="o", label="stability (ARI)")
    left.plot(counts, [each.silhouette for each in model.choices], marker="o", label="silhouette")
    left.axvline(len(model.centres), color="#90A4AE", linestyle="--")
    left.set(xlabel="number of clusters", ylim=(0, 1))
    left.legend(frameon=False)
    places, labels = model.place(people), model.assign(people)["cluster"].to_numpy()
    for number in range(len(model.centres)):
        mine = labels == number
        right.scatter(places[mine, 0], places[mine, 1], s=9, label=name(model, number))
    right.set(xlabel="first axis", ylabel="second axis")
    right.legend(frameon=False, fontsize=7, loc="best")
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=110)


def draw_drift(months: Sequence[tuple[date, int, float | None, float]], path: Path) -> None:
    """By month how far people moved on average, and the share of them in another cluster than before."""
    from matplotlib.figure import Figure  # noqa: PLC0415

    figure = Figure(figsize=(6.0, 3.4), layout="constrained")
    axes = figure.add_subplot()
    places = list(range(len(months)))
    labels = [f"{month:%Y-%m}" for month, *_ in months]
    moved = [float("nan") if drift is None else drift for _, _, drift, _ in months]
    axes.plot(places, moved, marker="o", label="mean way moved")
    axes.plot(places, [changed for *_, changed in months], marker="o", label="share in another cluster")
    axes.set(xticks=places, xticklabels=labels, ylim=(0, None))
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=110)
