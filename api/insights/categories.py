"""Categories for a text, by the model that scores statements."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from models_ml.categorizer.model import CategoryModel

BEST = 3


class Suggested(TypedDict):
    """A category of the client, with the model's probability for all leaves that stand behind it."""

    category: str
    confidence: float
    reason: str


def suggestions(description: str) -> list[Suggested]:
    """The likeliest categories of money spent, the likeliest first."""
    import polars as pl  # noqa: PLC0415 - a second and 100 MB, wanted only where somebody asks

    from models_ml.categorizer.clean import clean_descriptors  # noqa: PLC0415
    from models_ml.categorizer.predict import probabilities  # noqa: PLC0415
    from models_ml.taxonomy import categories  # noqa: PLC0415

    model = _model()
    cleaned = clean_descriptors(pl.Series([description], dtype=pl.String))
    line = pl.DataFrame({"cleaned": cleaned, "inflow": [False], "mcc": [""], "kind": [""]})
    by_name: dict[str, float] = {}
    for code, probability in zip(model.codes, probabilities(line, model)[0], strict=True):
        name = categories()[code].client_code
        by_name[name] = by_name.get(name, 0.0) + float(probability)
    best = sorted(by_name.items(), key=lambda item: -item[1])[:BEST]
    return [
        {
            "category": name,
            "confidence": round(min(probability, 1.0), 4),
            "reason": f"reads as '{cleaned[0]}'",
        }
        for name, probability in best
    ]


@cache
def _model() -> CategoryModel:
    from models_ml.categorizer.model import load_folder  # noqa: PLC0415

    return load_folder()
