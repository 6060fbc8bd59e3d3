"""Draws how far the matchers' probabilities can be believed."""

from __future__ import annotations

from pathlib import Path

import polars as pl


def draw_calibration(table: pl.DataFrame, path: Path) -> None:
    """One panel per kind: what was said against what was true, and how many links said so."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - slow to import, wanted only here

    kinds = table["kind"].unique(maintain_order=True).to_list()
    figure = Figure(figsize=(3.4 * len(kinds), 3.6), layout="constrained")
    for place, kind in enumerate(kinds, start=1):
        rows = table.filter(pl.col("kind") == kind)
        axes = figure.add_subplot(1, len(kinds), place)
        axes.plot([0, 1], [0, 1], color="#90A4AE", linewidth=1, linestyle="--")
        axes.plot(rows["said"], rows["true"], color="#1565C0", marker="o", markersize=4)
        for row in rows.iter_rows(named=True):
            axes.annotate(
                f"{row['links']:,}",
                (row["said"], row["true"]),
                textcoords="offset points",
                xytext=(0, -11),
                fontsize=6,
                ha="center",
                color="#546E7A",
            )
        axes.set(title=kind, xlabel="probability said", xlim=(-0.03, 1.06), ylim=(-0.08, 1.06))
        if place == 1:
            axes.set_ylabel("share that is true")
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=150)
