"""Learns spending profiles: integer weights of weekdays, days of the month and months."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import polars as pl
from pydantic import BaseModel, ConfigDict

from models_ml.profile.shrink import Prior, fitted_prior, flat_prior

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: What an ordinary day weighs; a product of three stays far from the limits of a bigint.
ORDINARY = 100
#: Seven weekdays, Monday first; days of the month; months.
CELLS = {"weekday": 7, "day": 31, "season": 12}

DAILY_SCHEMA = pl.Schema(
    {
        "user_id": pl.String(),
        "cluster": pl.String(),
        "category_code": pl.String(),
        "spent_date": pl.Date(),
        "spent_minor": pl.Int64(),
    }
)
PROFILE_SCHEMA = pl.Schema(
    {
        "user_id": pl.String(),
        "category_code": pl.String(),
        "expected_minor": pl.Int64(),
        "weekday_weights": pl.List(pl.Int64()),
        "day_weights": pl.List(pl.Int64()),
        "season_weights": pl.List(pl.Int64()),
        "periods_seen": pl.Int64(),
        "own_share": pl.Float64(),
    }
)


class ProfileParams(BaseModel):
    """What steers the learning."""

    model_config = ConfigDict(frozen=True)

    #: A day counts by its amount in proportion to the user's usual one in the category, at most this much.
    largest_day: float = 3.0
    #: Months of history below which the season is taken to be flat.
    season_months: int = 18
    #: Weights lie between these, an ordinary day having 100.
    least_weight: int = 10
    most_weight: int = 2000


@dataclass(frozen=True)
class Window:
    """The days that are learned from, the last one excluded."""

    start: date
    end: date

    @property
    def months(self) -> int:
        """Whole months, at least one."""
        return max(1, round((self.end - self.start).days / 30.44))


def add_months(month: date, months: int) -> date:
    """From a month's first day to another's."""
    whole = month.year * 12 + month.month - 1 + months
    return date(whole // 12, whole % 12 + 1, 1)


def window_before(today: date, months: int) -> Window:
    """So many complete months before that of a day."""
    end = today.replace(day=1)
    return Window(add_months(end, -months), end)


def day_weights(day: str) -> pl.Expr:
    """What the day in a column weighs, as the plan reckons it: three weights multiplied."""
    return (
        pl.col("weekday_weights").list.get(pl.col(day).dt.weekday() - 1)
        * pl.col("day_weights").list.get(pl.col(day).dt.day() - 1)
        * pl.col("season_weights").list.get(pl.col(day).dt.month() - 1)
    )


def fit(daily: pl.DataFrame, window: Window, params: ProfileParams = ProfileParams()) -> pl.DataFrame:  # noqa: B008 - frozen
    """Profiles of everybody in ``daily`` (DAILY_SCHEMA, positive spending by day), as PROFILE_SCHEMA.

    Shares of each kind of cell shrink to those of the user's cluster and these to everybody's, category by
    category (models_ml.profile.shrink); weights are shares by how often such a day comes, times 100.
    """
    observed = _observations(daily, window, params)
    parts = [
        _of_category(part, window, params)
        for _, part in observed.group_by("category_code", maintain_order=True)
    ]
    if not parts:
        return pl.DataFrame(schema=PROFILE_SCHEMA)
    return pl.concat(parts).select(pl.col(name).cast(kind) for name, kind in PROFILE_SCHEMA.items())


def _observations(daily: pl.DataFrame, window: Window, params: ProfileParams) -> pl.DataFrame:
    """Days of the window with how much each counts, in one order whatever that of the rows."""
    usual = pl.col("spent_minor").median().over("user_id", "category_code")
    return (
        daily.filter(
            pl.col("spent_date").is_between(window.start, window.end, closed="left"),
            pl.col("spent_minor") > 0,
        )
        .sort("category_code", "user_id", "spent_date")
        .with_columns(counts=(pl.col("spent_minor") / usual).clip(0, params.largest_day))
    )


def _of_category(observed: pl.DataFrame, window: Window, params: ProfileParams) -> pl.DataFrame:
    people = observed.group_by("user_id", maintain_order=True).agg(
        pl.col("cluster").first(),
        pl.col("category_code").first(),
        expected_minor=pl.col("spent_minor").sum() // window.months,
        periods_seen=pl.col("spent_date").dt.truncate("1mo").n_unique(),
    )
    places = {user: row for row, user in enumerate(people["user_id"])}
    rows = [places[user] for user in observed["user_id"]]
    clusters = people["cluster"].to_list()
    columns: dict[str, pl.Series] = {}
    own: Floats | None = None
    for kind, cells in _cells(observed["spent_date"]).items():
        counts = _table(rows, cells, observed["counts"], (len(places), CELLS[kind]))
        flat = kind == "season" and window.months < params.season_months
        shares, own_share = _shrunk(counts * 0 if flat else counts, clusters, _exposure(kind, window))
        columns[f"{kind}_weights"] = _weights(shares, _exposure(kind, window), params)
        own = own_share if own is None else own
    return people.with_columns(own_share=pl.Series(own), **columns)


def _cells(days: pl.Series) -> dict[str, list[int]]:
    """Which cell of each kind a day falls into, from nought."""
    return {
        "weekday": (days.dt.weekday() - 1).to_list(),
        "day": (days.dt.day() - 1).to_list(),
        "season": (days.dt.month() - 1).to_list(),
    }


def _table(rows: Sequence[int], cells: Sequence[int], counts: pl.Series, shape: tuple[int, int]) -> Floats:
    import numpy as np  # noqa: PLC0415 - wanted only here

    table = np.zeros(shape)
    np.add.at(table, (np.asarray(rows), np.asarray(cells)), counts.to_numpy())
    return table


def _exposure(kind: str, window: Window) -> Floats:
    """How many days of the window fall into each cell."""
    import numpy as np  # noqa: PLC0415

    days = pl.Series(pl.date_range(window.start, window.end, closed="left", eager=True))
    return np.bincount(_cells(days)[kind], minlength=CELLS[kind]).astype(float)


def _shrunk(counts: Floats, clusters: Sequence[str], exposure: Floats) -> tuple[Floats, Floats]:
    """Everybody's shares (people, cells), and how much of each is the person's own."""
    import numpy as np  # noqa: PLC0415

    everybody = fitted_prior(counts, flat_prior(exposure))
    shares, own = np.empty_like(counts), np.empty(len(counts))
    for rows in _by_cluster(clusters):
        prior: Prior = fitted_prior(counts[rows], everybody)
        shares[rows], own[rows] = prior.posterior(counts[rows]), prior.own_share(counts[rows])
    return shares, own


def _by_cluster(clusters: Sequence[str]) -> Iterator[list[int]]:
    for cluster in sorted(set(clusters)):
        yield [row for row, each in enumerate(clusters) if each == cluster]


def _weights(shares: Floats, exposure: Floats, params: ProfileParams) -> pl.Series:
    """Integers: shares by how often the day comes, so that an ordinary one has 100."""
    import numpy as np  # noqa: PLC0415

    usual = exposure / exposure.sum()
    relative = np.divide(shares, usual, out=np.ones_like(shares), where=usual > 0)
    weights = np.clip(np.rint(relative * ORDINARY), params.least_weight, params.most_weight)
    return pl.Series(weights.astype(np.int64).tolist(), dtype=pl.List(pl.Int64))
