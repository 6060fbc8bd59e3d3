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
    # A second and 100 MB, wanted only where somebody asks.
    from models_ml.categorizer.predict import likely_client_categories  # noqa: PLC0415

    best = likely_client_categories(description, model=_model())[:BEST]
    return [
        {"category": name, "confidence": round(share, 4), "reason": f"the model reads {share:.0%} in it"}
        for name, share in best
    ]


@cache
def _model() -> CategoryModel:
    from models_ml.categorizer.model import load_folder  # noqa: PLC0415

    return load_folder()
