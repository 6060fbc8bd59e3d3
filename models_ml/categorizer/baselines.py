"""What the categoriser must beat, each on the same split: a nearest brand, and a linear machine on words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from models_ml.categorizer.clean import clean_descriptors, romanised

_CHUNK = 500  # texts compared with all brands at a time: 500 x 40,000 similarities are 80 MB
_GRAMS = (2, 4)


def nearest_brand(descriptions: pl.Series, brands: pl.DataFrame) -> tuple[list[str], npt.NDArray[np.float64]]:
    """The leaf of the brand whose character n-grams are most alike, and the cosine as its probability.

    ``brands`` holds description and category_code.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer  # type: ignore[import-untyped]  # noqa: PLC0415

    grams = TfidfVectorizer(analyzer="char_wb", ngram_range=_GRAMS, sublinear_tf=True, dtype=np.float32)
    known = grams.fit_transform(_plain(brands["description"])).T.tocsr()
    texts = grams.transform(_plain(descriptions))
    codes = brands["category_code"].to_list()
    best: list[str] = []
    likeness: list[npt.NDArray[np.floating[Any]]] = []
    for start in range(0, texts.shape[0], _CHUNK):
        similar = (texts[start : start + _CHUNK] @ known).toarray()
        places = similar.argmax(axis=1)
        best.extend(codes[place] for place in places)
        likeness.append(similar[np.arange(len(places)), places])
    return best, np.concatenate(likeness or [np.zeros(0)]).astype(np.float64)


def word_machine(descriptions: Sequence[str], codes: Sequence[str]) -> Callable[[Sequence[str]], list[str]]:
    """smart_importer's method: counts of one to three neighbouring words, a linear support vector machine.

    Fitted on raw descriptions with their codes; gives what tells the codes of others, without probability.
    """
    from sklearn.feature_extraction.text import CountVectorizer  # noqa: PLC0415
    from sklearn.pipeline import make_pipeline  # type: ignore[import-untyped]  # noqa: PLC0415
    from sklearn.svm import LinearSVC  # type: ignore[import-untyped]  # noqa: PLC0415

    machine = make_pipeline(CountVectorizer(ngram_range=(1, 3)), LinearSVC(max_iter=300, tol=1e-2))
    machine.fit(list(descriptions), list(codes))
    return lambda wanted: [str(code) for code in machine.predict(list(wanted))]


def _plain(texts: pl.Series) -> list[str]:
    return romanised(clean_descriptors(texts)).to_list()
