from __future__ import annotations

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from models_ml.categorizer.features import FeatureSpec, featurise

SPEC = FeatureSpec(buckets=1 << 12)
WORDS = st.text("abcdefgбвг &", max_size=25).map(lambda text: " ".join(text.split()))


@given(st.lists(WORDS, min_size=1, max_size=6))
def test_a_row_does_not_depend_on_its_neighbours(texts: list[str]) -> None:
    together = featurise(pl.Series(texts), SPEC)
    for place, text in enumerate(texts):
        alone = featurise(pl.Series([text]), SPEC)
        span = slice(together.indptr[place], together.indptr[place + 1])
        assert sorted(zip(together.indices[span], together.data[span], strict=True)) == sorted(
            zip(alone.indices, alone.data, strict=True)
        )


def test_rows_have_unit_length_and_an_empty_text_has_no_features() -> None:
    rows = featurise(pl.Series(["costa coffee", ""]), SPEC)
    assert np.isclose((rows.data[: rows.indptr[1]] ** 2).sum(), 1.0)
    assert rows.indptr[1] == rows.indptr[2]


def test_no_texts_give_no_rows() -> None:
    assert featurise(pl.Series([], dtype=pl.String), SPEC).indptr.tolist() == [0]
