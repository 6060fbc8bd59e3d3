"""K-means with the number of clusters that is stable, and names read off the centres."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from models_ml.clusters.features import BESIDE, NAMES, SHARES, Floats, matrix

MODEL_NAME, MODEL_FILE = "clusters", "clusters.json"
#: Numbers of clusters tried, and how often each on half of the people.
CHOICES = range(2, 9)
DRAWS = 12
#: A cluster has at least so many of a hundred people: a handful of odd ones is none.
SMALLEST_SHARE = 0.05
#: Of stability (bootstrap ARI) and separation (silhouette) stability counts for most.
_STABILITY_WEIGHT = 0.7
_PRINCIPAL = 4
#: Deviations beyond which a figure counts no more.
_MOST = 3.0


@dataclass(frozen=True, slots=True)
class Choice:
    """How one number of clusters fared."""

    clusters: int
    stability: float  # mean adjusted Rand index of clusterings of two halves, on everybody
    silhouette: float
    smallest: float  # share of the people


@dataclass(frozen=True)
class ClusterModel:
    """Scaling, principal axes and centres; plain numbers, so that it is kept as JSON."""

    mean: list[float]
    deviation: list[float]
    axes: list[list[float]]
    centres: list[list[float]]
    profiles: list[dict[str, float]]  # mean of each cluster's features as they are
    everyone: dict[str, float]
    spread: dict[str, float]
    sizes: list[int]
    choices: list[Choice] = field(default_factory=list)
    weights: list[float] = field(
        default_factory=lambda: [1.0] * len(NAMES)
    )  # how far a figure is a person's own

    @property
    def version(self) -> str:
        """The beginning of the hash of what it says."""
        told = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(told.encode()).hexdigest()[:12]

    def place(self, people: pl.DataFrame) -> Floats:
        """People on the principal axes (people x axes)."""
        return self._project(matrix(people))

    def _project(self, rows: Floats) -> Floats:
        scaled = np.clip((rows - np.array(self.mean)) / np.array(self.deviation), -_MOST, _MOST)
        placed: Floats = (scaled * np.array(self.weights)) @ np.array(self.axes).T
        return placed

    def assign(self, people: pl.DataFrame) -> pl.DataFrame:
        """The nearest cluster of each person: user, cluster, distance."""
        distances = np.linalg.norm(self.place(people)[:, None, :] - np.array(self.centres)[None], axis=2)
        return people.select("user").with_columns(
            cluster=pl.Series(distances.argmin(axis=1), dtype=pl.Int64),
            distance=pl.Series(distances.min(axis=1), dtype=pl.Float64),
        )

    def drift(self, before: pl.DataFrame, now: pl.DataFrame) -> pl.DataFrame:
        """How far each person moved between two times, on the axes that clusters are told apart by."""
        both = before.select("user").join(now.select("user"), on="user").sort("user")
        places = [self.place(both.join(each, on="user", maintain_order="left")) for each in (before, now)]
        moved = np.linalg.norm(places[1] - places[0], axis=1)
        return both.with_columns(drift=pl.Series(moved, dtype=pl.Float64))

    def as_document(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> ClusterModel:
        """What ``as_document`` said."""
        choices = [Choice(**each) for each in document["choices"]]
        known = {key: document[key] for key in cls.__dataclass_fields__ if key != "choices"}
        return cls(**known, choices=choices)


def fit(
    people: pl.DataFrame,
    halves: tuple[pl.DataFrame, pl.DataFrame] | None = None,
    *,
    seed: int = 5,
    choices: Sequence[int] = CHOICES,
) -> ClusterModel:
    """Cluster people (the rows of ``features``) by the number that is most stable and best apart.

    ``halves`` are their features from alternate months. A figure counts by how well one half says the other
    (split-half reliability): what changes from month to month tells no two people apart.
    """
    from sklearn.cluster import KMeans  # type: ignore[import-untyped]  # noqa: PLC0415 - a second

    rows = matrix(people)
    mean, deviation = rows.mean(axis=0), rows.std(axis=0).clip(1e-6)
    weights = _reliability(halves, mean, deviation) if halves else np.ones(len(NAMES))
    scaled = np.clip((rows - mean) / deviation, -_MOST, _MOST) * weights
    axes = np.linalg.svd(scaled - scaled.mean(axis=0), full_matrices=False)[2][:_PRINCIPAL]
    placed = scaled @ axes.T
    tried = [_tried(placed, count, seed) for count in choices if count * 10 <= len(placed)]
    big = [each for each in tried if each.smallest >= SMALLEST_SHARE] or tried[:1]
    best = max(big, key=_worth)
    fitted = KMeans(best.clusters, n_init=10, random_state=seed).fit(placed)
    order = np.argsort(-np.bincount(fitted.labels_))
    labels = np.argsort(order)[fitted.labels_]
    profiles = [_profile(people.filter(pl.Series(labels == number))) for number in range(best.clusters)]
    spread = {name: float(people[name].std() or 1.0) for name in NAMES}  # type: ignore[arg-type]
    return ClusterModel(
        mean.round(6).tolist(),
        deviation.round(6).tolist(),
        axes.round(6).tolist(),
        fitted.cluster_centers_[order].round(6).tolist(),
        profiles,
        _profile(people),
        spread,
        np.bincount(labels).tolist(),
        tried,
        weights.round(4).tolist(),
    )


def _reliability(halves: tuple[pl.DataFrame, pl.DataFrame], mean: Floats, deviation: Floats) -> Floats:
    """The correlation of each figure between the two halves, of people who are in both; never negative."""
    both = halves[0].select("user").join(halves[1].select("user"), on="user")
    one, other = (
        np.clip((matrix(both.join(each, on="user", maintain_order="left")) - mean) / deviation, -_MOST, _MOST)
        for each in halves
    )
    one, other = one - one.mean(axis=0), other - other.mean(axis=0)
    spread = np.sqrt((one**2).sum(axis=0) * (other**2).sum(axis=0)).clip(1e-9)
    found: Floats = ((one * other).sum(axis=0) / spread).clip(0.0, 1.0)
    return found


def _worth(choice: Choice) -> float:
    return _STABILITY_WEIGHT * choice.stability + (1 - _STABILITY_WEIGHT) * choice.silhouette


def _tried(placed: Floats, count: int, seed: int) -> Choice:
    from sklearn.cluster import KMeans  # noqa: PLC0415
    from sklearn.metrics import adjusted_rand_score, silhouette_score  # type: ignore[import-untyped]  # noqa: PLC0415

    dice = np.random.default_rng(seed + count)
    agreed = []
    for _ in range(DRAWS):
        halves = np.array_split(dice.permutation(len(placed)), 2)
        labels = [
            KMeans(count, n_init=3, random_state=seed).fit(placed[half]).predict(placed) for half in halves
        ]
        agreed.append(adjusted_rand_score(*labels))
    labels = KMeans(count, n_init=10, random_state=seed).fit_predict(placed)
    few = dice.permutation(len(placed))[:2000]
    return Choice(
        count,
        round(float(np.mean(agreed)), 4),
        round(float(silhouette_score(placed[few], labels[few])), 4),
        round(float(np.bincount(labels).min() / len(labels)), 4),
    )


def _profile(people: pl.DataFrame) -> dict[str, float]:
    return {name: round(float(people[name].mean()), 5) for name in NAMES}  # type: ignore[arg-type]


def save(model: ClusterModel, folder: Path) -> None:
    """The model as the registry takes it: a JSON file of numbers with a manifest."""
    folder.mkdir(parents=True)
    content = json.dumps(model.as_document(), sort_keys=True, indent=1).encode()
    (folder / MODEL_FILE).write_bytes(content)
    best = next(each for each in model.choices if each.clusters == len(model.centres))
    manifest = {
        "name": MODEL_NAME,
        "version": model.version,
        "file": MODEL_FILE,
        "sha256": hashlib.sha256(content).hexdigest(),
        "params": {"clusters": len(model.centres), "axes": len(model.axes)},
        "data": {"people": sum(model.sizes)},
        "metrics": {"stability": best.stability, "silhouette": best.silhouette, "smallest": best.smallest},
    }
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")


#: How a figure is said that is far above or below everybody's: English high, low; Bulgarian high, low.
_WORDS: dict[str, tuple[str, str, str, str]] = {
    "share_housing": (
        "high housing costs",
        "low housing costs",
        "високи разходи за жилище",
        "ниски разходи за жилище",
    ),
    "share_groceries": ("much on groceries", "little on groceries", "много за храна", "малко за храна"),
    "share_eating_out": (
        "often eating out",
        "seldom eating out",
        "често хранене навън",
        "рядко хранене навън",
    ),
    "share_transport": (
        "much on transport",
        "little on transport",
        "много за транспорт",
        "малко за транспорт",
    ),
    "share_children": (
        "childcare and education",
        "no childcare",
        "деца и образование",
        "без разходи за деца",
    ),
    "share_debt": ("loans to pay", "no loans", "вноски по кредити", "без кредити"),
    "share_health": ("much on health and care", "little on health", "много за здраве", "малко за здраве"),
    "share_shopping": ("much shopping", "little shopping", "много пазаруване", "малко пазаруване"),
    "share_leisure": ("much on leisure", "little on leisure", "много за развлечения", "малко за развлечения"),
    "share_travel": ("often travelling", "seldom travelling", "често пътуване", "рядко пътуване"),
    "share_connection": (
        "high phone and software bills",
        "low phone bills",
        "високи сметки за връзка",
        "ниски сметки за връзка",
    ),
    "share_other": (
        "many other expenses",
        "few other expenses",
        "много други разходи",
        "малко други разходи",
    ),
    "income": ("higher income", "lower income", "по-висок доход", "по-нисък доход"),
    "saving_rate": ("saving much", "saving little", "спестяват много", "спестяват малко"),
    "volatility": ("uneven months", "even months", "неравни месеци", "равни месеци"),
    "fixed_share": (
        "mostly fixed bills",
        "few fixed bills",
        "предимно постоянни сметки",
        "малко постоянни сметки",
    ),
    "weekend_share": (
        "spending at weekends",
        "spending on workdays",
        "харчат през уикенда",
        "харчат в делник",
    ),
    "purchases": ("many purchases", "few purchases", "много покупки", "малко покупки"),
    "income_rhythm": ("irregular income", "regular income", "нередовен доход", "редовен доход"),
}


def name(model: ClusterModel, cluster: int, language: str = "en") -> str:
    """The two things in which a cluster differs most from everybody, in words; no two names are alike."""
    said = _traits(model, cluster, language)
    for count in range(2, len(said) + 1):
        mine = ", ".join(said[:count])
        others = [_traits(model, other, language)[:count] for other in range(len(model.profiles))]
        if [", ".join(each) for each in others].count(mine) == 1:
            return mine[0].upper() + mine[1:]
    return ", ".join(said[:2]).capitalize()


def _traits(model: ClusterModel, cluster: int, language: str) -> list[str]:
    offset = 0 if language == "en" else 2
    profile = model.profiles[cluster]
    off = {each: (profile[each] - model.everyone[each]) / model.spread[each] for each in NAMES}
    order = sorted(off, key=lambda each: -abs(off[each]))
    return [_WORDS[each][offset + (off[each] < 0)] for each in order[:6]]


def described(model: ClusterModel, cluster: int) -> dict[str, float]:
    """Figures for a page: shares in percent and the rates of a cluster."""
    profile = model.profiles[cluster]
    shares = {part: round(100 * profile[f"share_{part}"], 1) for part in SHARES}
    return shares | {each: round(profile[each], 3) for each in BESIDE}
