"""Series of people's histories: candidates, their rhythm, their score, and of overlapping ones the best."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from models_ml.recurring.cadences import Fit, Lines, best_fit
from models_ml.recurring.candidates import PAYEE, candidate_sets
from models_ml.recurring.days import Floats
from models_ml.recurring.score import Scorer, features, shipped

#: A candidate with a larger share of lines that another series has already is another view of that one.
_SHARED = 0.3


@dataclass(frozen=True)
class Judged:
    """All candidates of some histories with their best cadence and what speaks for them."""

    keyed: pl.DataFrame  # the lines, by ``row``
    members: pl.DataFrame  # candidate, row, slot, off, is_hit
    fits: pl.DataFrame  # a row per candidate
    features: pl.DataFrame  # a row per candidate


def judge(keyed: pl.DataFrame) -> Judged | None:
    """Candidates of keyed lines, whose rows count from 0, or None where nothing came twice."""
    sets = candidate_sets(keyed)
    if sets.is_empty():
        return None
    at = sets.join(
        keyed.select(
            "row",
            pl.col("date").to_physical().cast(pl.Int64).alias("day"),
            pl.col("amount_minor").abs().alias("amount"),
            "category_code",
            *PAYEE,
        ),
        on="row",
        how="left",
    ).sort("candidate", "day", "row")
    arrays = Lines(at["candidate"].to_numpy().astype(np.int64), at["day"].to_numpy(), at["amount"].to_numpy())
    fit, names = best_fit(arrays)
    context = at.select("category_code", "is_in").with_columns(
        payee_lines=_payee_lines(at, arrays, fit, keyed)
    )
    members = at.select("candidate", "row").with_columns(
        slot=pl.Series(fit.slot), off=pl.Series(fit.off), is_hit=pl.Series(fit.is_hit)
    )
    fits = pl.DataFrame(
        {
            "candidate": np.arange(len(names), dtype=np.uint32),
            "cadence": names,
            "likelihood": fit.likelihood,
            "anchor": fit.anchor,
            "phase": fit.phase,
            "hits": fit.hits,
            "span": fit.span,
            "jitter": fit.jitter,
            "period": fit.period,
        }
    )
    return Judged(keyed, members, fits, features(arrays, fit, names, context))


def _payee_lines(at: pl.DataFrame, arrays: Lines, fit: Fit, keyed: pl.DataFrame) -> Floats:
    """Per line, how many lines the candidate's payee has between the candidate's first hit and last."""
    ordered = keyed.select(*PAYEE, pl.col("date").to_physical().cast(pl.Int64).alias("day")).with_columns(
        group=pl.struct(PAYEE).rank("dense").cast(pl.Int64)
    )
    numbers = ordered.select(*PAYEE, "group").unique()
    groups = at.select(PAYEE).join(numbers, on=PAYEE, how="left")["group"].to_numpy()
    span = int(ordered["day"].max() or 0) + 2  # type: ignore[arg-type]
    places = np.sort(ordered["group"].to_numpy() * span + ordered["day"].to_numpy())
    low = np.minimum.reduceat(np.where(fit.is_hit, arrays.day, span), arrays.starts)[arrays.candidate]
    high = np.maximum.reduceat(np.where(fit.is_hit, arrays.day, 0), arrays.starts)[arrays.candidate]
    counted: Floats = (
        np.searchsorted(places, groups * span + high, side="right")
        - np.searchsorted(places, groups * span + low, side="left")
    ).astype(np.float64)
    return counted


def chosen(judged: Judged, scorer: Scorer | None = None) -> pl.DataFrame:
    """The fits that are series, with ``probability``: the strongest first, none of lines that are taken."""
    scorer = scorer or shipped()
    likely = (
        judged.fits.with_columns(probability=pl.Series(scorer.probability(judged.features)))
        .filter((pl.col("probability") >= scorer.threshold) & pl.col("likelihood").is_finite())
        .sort(pl.col("likelihood") * pl.col("probability"), "candidate", descending=[True, False])
    )
    hits = judged.members.filter("is_hit").select("candidate", "row")
    rows = hits.join(likely.select("candidate"), on="candidate", how="semi")
    grouped = dict(rows.group_by("candidate").agg("row").iter_rows())
    taken = np.zeros(judged.keyed.height, dtype=np.bool_)
    kept = []
    for candidate in likely["candidate"]:
        lines = np.asarray(grouped[candidate])
        if taken[lines].mean() <= _SHARED:
            taken[lines] = True
            kept.append(candidate)
    return likely.filter(pl.col("candidate").is_in(kept))
