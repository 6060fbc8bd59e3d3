"""Figures of groups of people from which nobody can be read off.

A release is made once a month and never again for that month, so asking on two days subtracts to nothing.
A group is released only with at least K people, and only where the people outside it in the group that
it is part of are also at least K or nobody, so no two groups differ by fewer.
Quartiles carry noise that is fixed
by group and month (a key that only the platform knows) and are rounded; head counts are rounded down.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations

import numpy as np
import numpy.typing as npt
import polars as pl

Floats = npt.NDArray[np.float64]
K = 20
#: What people may be grouped by; each is a quasi-identifier.
DIMENSIONS = ("country", "income_band", "signup_month", "cluster")
#: Groups are of at most so many dimensions at once.
MOST_DIMENSIONS = 2
#: Noise as a share of the distance between the quartiles.
NOISE = 0.05
_COUNT_STEP = 5
_DIGITS = 2
EVERYBODY = "everybody"


@dataclass(frozen=True, slots=True)
class Cell:
    """A group by the dimensions that it fixes, and the rows that are in it."""

    key: str
    fixed: tuple[tuple[str, str], ...]
    rows: tuple[int, ...]


def release(
    people: pl.DataFrame, measures: Sequence[str], shares: Sequence[str], month: date, secret: bytes
) -> pl.DataFrame:
    """Quartiles of each measure for each group that may be told: cohort, measure, people, p25, p50, p75.

    ``people`` has one row a person with user, DIMENSIONS, the measures, and ``shares`` (0 or 1 each, of which
    the mean is told); only who agreed is in it. Equal groups have equal figures, whatever they are called.
    """
    rows = []
    for measure in (*measures, *shares):
        # Who has no such figure counts in none of its groups: the others could be reckoned from them.
        counted = people.filter(pl.col(measure).is_not_null())
        told = _noisy_share if measure in shares else _noisy
        for cell in _allowed(counted):
            members = counted[list(cell.rows)]
            who = hashlib.sha256("|".join(sorted(members["user"])).encode()).hexdigest()
            values = members[measure].to_numpy().astype(float)
            quartiles = told(values, f"{month}|{who}|{measure}", secret)
            rows.append((cell.key, measure, len(values) // _COUNT_STEP * _COUNT_STEP, *quartiles))
    names = ["cohort", "measure", "people", "p25", "p50", "p75"]
    return pl.DataFrame(rows, schema=names, orient="row") if rows else pl.DataFrame(schema=_SCHEMA)


_SCHEMA = pl.Schema(
    {
        "cohort": pl.String,
        "measure": pl.String,
        "people": pl.Int64,
        "p25": pl.Float64,
        "p50": pl.Float64,
        "p75": pl.Float64,
    }
)


def cohort_keys(dimensions: dict[str, str]) -> list[str]:
    """The groups that a person belongs to, the most particular first."""
    keys = []
    for count in range(MOST_DIMENSIONS, 0, -1):
        keys += [_key(tuple((name, dimensions[name]) for name in names)) for names in _choices(count)]
    return [*keys, EVERYBODY]


def _choices(count: int) -> Iterator[tuple[str, ...]]:
    yield from combinations(DIMENSIONS, count)


def _key(fixed: tuple[tuple[str, str], ...]) -> str:
    return " & ".join(f"{name}={value}" for name, value in fixed) or EVERYBODY


def _allowed(people: pl.DataFrame) -> Iterator[Cell]:
    """Groups from everybody downwards; one is allowed if all that it is part of are, and the rest is big."""
    if people.height < K:
        return
    everybody = Cell(EVERYBODY, (), tuple(range(people.height)))
    yield everybody
    released: dict[str, int] = {EVERYBODY: people.height}
    for count in range(1, MOST_DIMENSIONS + 1):
        for names in _choices(count):
            yield from _cells(people, names, released)


def _cells(people: pl.DataFrame, names: tuple[str, ...], released: dict[str, int]) -> Iterator[Cell]:
    indexed = people.with_row_index("row").group_by(*names).agg("row").sort(*names)
    found = []
    for row in indexed.iter_rows(named=True):
        fixed = tuple((name, str(row[name])) for name in names)
        found.append(Cell(_key(fixed), fixed, tuple(row["row"])))
    large = [cell for cell in found if len(cell.rows) >= K]
    for cell in large:
        parents = [_key(tuple(each for each in cell.fixed if each[0] != name)) for name in names]
        if all(parent in released and _rest_is_safe(released[parent], len(cell.rows)) for parent in parents):
            hidden = _unreleased(found, large, cell, names)
            if hidden == 0 or hidden >= K:
                released[cell.key] = len(cell.rows)
                yield cell


def _rest_is_safe(whole: int, part: int) -> bool:
    return whole == part or whole - part >= K


def _unreleased(found: list[Cell], large: list[Cell], cell: Cell, names: tuple[str, ...]) -> int:
    """People beside this group in groups too small to tell, within each parent: their least number."""
    told = {each.key for each in large}
    counts = []
    for name in names:
        rest = [each for each in cell.fixed if each[0] != name]
        beside = [each for each in found if all(pair in each.fixed for pair in rest)]
        counts.append(sum(len(each.rows) for each in beside if each.key not in told))
    return min((count for count in counts if count), default=0)


def _noisy(values: Floats, what: str, secret: bytes) -> tuple[float, float, float]:
    quartiles = np.quantile(values, (0.25, 0.5, 0.75))
    spread = max(float(quartiles[2] - quartiles[0]), abs(float(quartiles[1])) * 0.1)
    noise = _dice(what, secret).laplace(0.0, NOISE * spread, 3)
    lower, middle, upper = sorted(_rounded(float(each), spread) for each in quartiles + noise)
    return lower, middle, upper


def _noisy_share(values: Floats, what: str, secret: bytes) -> tuple[float, float, float]:
    """A share of people, three times: with noise of one person, in steps of five hundredths."""
    noise = _dice(what, secret).laplace(0.0, 1 / len(values))
    share = round(float(np.clip(round((values.mean() + noise) * 20) / 20, 0.0, 1.0)), 2)
    return share, share, share


def _dice(what: str, secret: bytes) -> np.random.Generator:
    return np.random.default_rng(int.from_bytes(hmac.new(secret, what.encode(), hashlib.sha256).digest()[:8]))


def _rounded(value: float, spread: float) -> float:
    """To two digits of the distance between the quartiles."""
    if spread <= 0:
        return float(f"{value:.{_DIGITS}g}")
    step = 10.0 ** (np.floor(np.log10(spread)) - _DIGITS + 1)
    return round(float(np.round(value / step) * step), 6)


def percentile(value: float, quartiles: tuple[float, float, float]) -> int:
    """About how many of a hundred are below, by the released quartiles alone; between 5 and 95."""
    lower, middle, upper = quartiles
    below, above = max(middle - lower, 1e-9), max(upper - middle, 1e-9)
    places = (lower - below, lower, middle, upper, upper + above)
    return round(float(np.interp(value, places, (5, 25, 50, 75, 95))))
