"""How probable an alert is true, what it is worth, and which few are shown."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl

from models_ml.anomalies.detect import EVIDENCE
from models_ml.anomalies.population import of

WEIGHTS_FILE = "parameters.json"
PARAMETERS = Path(__file__).parent / WEIGHTS_FILE
#: What a true alert is worth at least, in months of spending; what a false one costs in attention.
_TRUE_WORTH, _FALSE_COST = 0.02, 0.015
#: Useful and useless answers of nobody, which a person's own outweigh with time.
_PRIOR_USEFUL, _PRIOR_USELESS = 3.0, 3.0
ALERTS_A_WEEK = 1


Weights = Mapping[str, Mapping[str, Any]]


class WeightsRefusedError(ValueError):
    """A file of weights that is not the one that was registered; the message says what to do."""


@dataclass(frozen=True, eq=False)
class AlertModel:
    """What evidence weighs by kind (an intercept and weights), and what people spend in general."""

    kinds: Weights
    everybody: pl.DataFrame
    version: str

    @classmethod
    def of(cls, content: bytes) -> AlertModel:
        """The model that a file of weights holds."""
        document = json.loads(content)
        if "population" not in document or any(
            len(each["weights"]) != len(EVIDENCE) for each in document["kinds"].values()
        ):
            message = "the weights were fitted to other evidence: run 'mita models train-alerts' again"
            raise WeightsRefusedError(message)
        return cls(document["kinds"], of(document["population"]), hashlib.sha256(content).hexdigest()[:12])


@cache
def shipped() -> AlertModel:
    """The model that comes with the platform."""
    return AlertModel.of(PARAMETERS.read_bytes())


def load_folder(folder: Path) -> AlertModel:
    """The model of a folder with a manifest, as the registry materialised it; checked by its hash."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    content = (folder / WEIGHTS_FILE).read_bytes()
    if hashlib.sha256(content).hexdigest() != manifest["sha256"]:
        message = f"{WEIGHTS_FILE} is not what was registered: run 'mita models train-alerts' again"
        raise WeightsRefusedError(message)
    return AlertModel.of(content)


def weighed(candidates: pl.DataFrame, weights: Weights, opinions: pl.DataFrame | None = None) -> pl.DataFrame:
    """Candidates with ``probability`` and ``usefulness``, the expected worth of telling.

    Worth is in months of spending. ``opinions`` (user, kind, useful, useless) are what users said of earlier
    alerts: who finds a kind useless is told less of it.
    """
    known = pl.DataFrame(
        {
            "kind": list(weights),
            "intercept": [each["intercept"] for each in weights.values()],
            **{
                f"w_{name}": [each["weights"][place] for each in weights.values()]
                for place, name in enumerate(EVIDENCE)
            },
        }
    )
    odds = pl.col("intercept") + pl.sum_horizontal(pl.col(name) * pl.col(f"w_{name}") for name in EVIDENCE)
    rows = candidates.join(known, on="kind", how="inner").with_columns(
        probability=1 / (1 + (-odds.clip(-30, 30)).exp())
    )
    rows = rows.with_columns(liked=_liking(rows, opinions))
    true = pl.col("probability")
    worth = (_TRUE_WORTH + pl.col("stake").clip(0, 1)) * pl.col("liked")
    return rows.with_columns(usefulness=true * worth - (1 - true) * _FALSE_COST).drop(
        "intercept", "liked", *(f"w_{name}" for name in EVIDENCE)
    )


def _liking(rows: pl.DataFrame, opinions: pl.DataFrame | None) -> pl.Series:
    if opinions is None or opinions.is_empty():
        return pl.repeat(1.0, rows.height, eager=True)
    told = rows.select("user", "kind").join(opinions, on=["user", "kind"], how="left", maintain_order="left")
    return told.select(
        (pl.col("useful").fill_null(0) + _PRIOR_USEFUL)
        / (pl.col("useful").fill_null(0) + pl.col("useless").fill_null(0) + _PRIOR_USEFUL + _PRIOR_USELESS)
        * 2
    ).to_series()


def chosen(weighed_: pl.DataFrame) -> pl.DataFrame:
    """Alerts with ``is_shown``: one thing once, worth its interruption, the best of each person's week."""
    order = ["usefulness", "day", "merchant", "amount", "kind"]
    one = weighed_.sort(order, descending=[True, False, False, False, False]).unique(
        ["user", "ref", "day"], keep="first", maintain_order=True
    )
    rank = pl.col("usefulness").rank("ordinal", descending=True)
    week = pl.col("day").dt.truncate("1w")
    return one.with_columns(
        is_shown=(pl.col("usefulness") > 0) & (rank.over("user", week) <= ALERTS_A_WEEK)
    ).sort("user", "day", "ref")


def alert_key(kind: str, day: object, amount: int, what: str, occurrence: int = 0) -> str:
    """What an alert is about, said in facts: the same after a re-import, an undo, another import order."""
    told = "\x00".join((kind, str(day), str(amount), what.casefold().strip(), str(occurrence)))
    return hashlib.sha256(told.encode()).hexdigest()[:24]
