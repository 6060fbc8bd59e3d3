"""The picture of docs/health_score.md: how many points each part gives for its measure.

python -m tools.health_curves --out docs/images/health_score.png
"""

from __future__ import annotations

import argparse
from typing import NamedTuple

from matplotlib import pyplot as plt


class Part(NamedTuple):
    """One part of the score: none at ``worrying``, 100 points from ``sound``."""

    name: str
    unit: str
    worrying: float
    sound: float
    shown: tuple[float, float]


#: As fct_financial_health has them.
PARTS = (
    Part("saving rate", "share of income", 0, 0.20, (-0.1, 0.4)),
    Part("buffer", "months of spending", 0, 3, (0, 6)),
    Part("bill coverage", "money / bills of 30 days", 0, 1, (0, 2)),
    Part("debt share", "share of income", 0.36, 0, (0, 0.5)),
    Part("plan kept", "share of spending within budgets", 0, 1, (0, 1)),
)


def points(part: Part, measure: float) -> float:
    """Points of a measure, 0 to 100."""
    share = (measure - part.worrying) / (part.sound - part.worrying)
    return 100 * max(min(share, 1), 0)


def main() -> None:
    """Draw the lines."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", required=True)
    figure, panels = plt.subplots(1, len(PARTS), figsize=(13, 2.6), sharey=True, layout="constrained")
    for axes, part in zip(panels, PARTS, strict=True):
        low, high = part.shown
        grid = [low + (high - low) * at / 200 for at in range(201)]
        axes.plot(grid, [points(part, at) for at in grid], color="#31688e", linewidth=2)
        axes.axvline(part.sound, color="#7cb97c", linestyle=":")
        axes.axvline(part.worrying, color="#d9655b", linestyle=":")
        axes.set(title=part.name, xlabel=part.unit, ylim=(-5, 105))
        axes.spines[["top", "right"]].set_visible(False)
    panels[0].set_ylabel("points")
    figure.savefig(parser.parse_args().out, dpi=110, metadata={"Software": None})


if __name__ == "__main__":
    main()
