"""Draws how far the matchers' probabilities can be believed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl

#: The colour of each world that is drawn, in order.
_COLOURS = ("#1565C0", "#EF6C00")


def draw_calibration(tables: Mapping[str, pl.DataFrame], path: Path) -> None:
    """One panel per kind: what was said against what was true, a line per world; dots grow with links.

    Each table has kind, said, true and links, the number of matches of about that probability.
    """
    from matplotlib.figure import Figure  # noqa: PLC0415 - slow to import, wanted only here

    kinds = pl.concat([table.select("kind") for table in tables.values()])["kind"].unique(maintain_order=True)
    figure = Figure(figsize=(3.6 * len(kinds), 3.7), layout="constrained")
    for place, kind in enumerate(kinds, start=1):
        axes = figure.add_subplot(1, len(kinds), place)
        axes.plot([0, 1], [0, 1], color="#90A4AE", linewidth=1, linestyle="--")
        for colour, (world, table) in zip(_COLOURS, tables.items(), strict=False):
            rows = table.filter(pl.col("kind") == kind)
            sizes = (rows["links"].cast(pl.Float64).log1p() * 9).to_list()
            axes.plot(rows["said"], rows["true"], color=colour, linewidth=1, alpha=0.6)
            axes.scatter(rows["said"], rows["true"], s=sizes, color=colour, label=world)
        axes.set(title=kind, xlabel="probability said", xlim=(-0.03, 1.06), ylim=(-0.06, 1.06))
        axes.spines[["top", "right"]].set_visible(False)
        if place == 1:
            axes.set_ylabel("share that is true")
            axes.legend(frameon=False, loc="best")
    figure.savefig(path, dpi=150)
