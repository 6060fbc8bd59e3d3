"""The categoriser beside a bare TF-IDF and linear model: rows a second, memory, one line, training."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable
from functools import partial

import polars as pl

_DISTINCT, _REPEATED, _SINGLE = 20_000, 200_000, 200
_SHOPS = (
    "TESCO STORES",
    "Apotheke",
    "ЛИДЛ БЪЛГАРИЯ",
    "SQ *BLUE DOOR",
    "PAYMENT TO J SMITH",
    "SHELL",
    "UBER *TRIP",
)


def main() -> None:
    """Print the figures."""
    from models_ml.categorizer.model import load_folder
    from models_ml.categorizer.predict import predict, predict_one

    distinct = [f"{_SHOPS[row % len(_SHOPS)]} {_word(row)} {row}" for row in range(_DISTINCT)]
    repeated = [distinct[row % 1000] for row in range(_REPEATED)]
    start = time.perf_counter()
    model = load_folder()
    _say("load", f"{time.perf_counter() - start:.2f} s")
    floor = _bare(distinct)
    bare = _rate(lambda: floor(distinct), _DISTINCT)
    for name, lines in (("distinct", distinct), ("repeated", repeated)):
        rate = _rate(
            partial(predict, lines, [-1] * len(lines), ["EUR"] * len(lines), model=model), len(lines)
        )
        _say(name, f"{rate:,.0f} rows/s, {rate / bare:.2f} of bare TF-IDF and linear ({bare:,.0f} rows/s)")
    predict_one(distinct[0], -1, "EUR", model=model)
    times = []
    for line in distinct[:_SINGLE]:
        start = time.perf_counter()
        predict_one(line, -1, "EUR", model=model)
        times.append(time.perf_counter() - start)
    _say("one line", f"{1000 * sorted(times)[_SINGLE // 2]:.1f} ms (median)")
    _say("memory", f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB at most")


def _word(row: int) -> str:
    return "".join(chr(97 + row // 26**place % 26) for place in range(4))


def _bare(texts: list[str]) -> Callable[[list[str]], object]:
    """A TF-IDF of character n-grams and a linear layer of as many classes, fitted on names alone."""
    from sklearn.feature_extraction.text import TfidfVectorizer  # type: ignore[import-untyped]
    from sklearn.linear_model import SGDClassifier  # type: ignore[import-untyped]
    from sklearn.pipeline import make_pipeline  # type: ignore[import-untyped]

    few = texts[:2000]
    machine = make_pipeline(
        TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5)), SGDClassifier(max_iter=3, tol=None)
    )
    machine.fit(few, pl.Series(range(len(few))) % 70)
    bare: Callable[[list[str]], object] = machine.predict
    return bare


def _rate(work: Callable[[], object], rows: int) -> float:
    start = time.perf_counter()
    work()
    return rows / (time.perf_counter() - start)


def _say(name: str, figure: str) -> None:
    sys.stdout.write(f"  {name:10} {figure}\n")


if __name__ == "__main__":
    main()
