"""The model card and the confusion plot that go with a trained categoriser."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from models_ml.categorizer.confidence import MIXTURES

CARD_FILE = "card.md"
CONFUSION_FILE = "confusion.png"
CALIBRATION_FILE = "calibration.png"
_BINS = 10
_PAIR = 2
_COLUMNS = (
    "lines",
    "leaf_accuracy",
    "leaf_macro_f1",
    "group_accuracy",
    "group_macro_f1",
    "coverage",
    "sure",
    "wrong_of_sure",
    "at_most_wrong",
    "stored",
    "wrong_when_stored",
    "calibration_error",
)


def card(manifest: Mapping[str, Any], size: int, licences: Mapping[str, str]) -> str:
    """The model card as Markdown: what it is for, data and licences, figures, limits, the one command."""
    data = "\n".join(
        f"| {source} | {facts['texts']:,} | {facts['sha256'][:12]} |"
        for source, facts in manifest["data"].items()
    )
    figures = "\n".join(
        f"| {name} | {' | '.join(str(scores[column]) for column in _COLUMNS)} |"
        for name, scores in manifest["metrics"].items()
    )
    sources = "\n".join(f"- `{path}`: {licence}" for path, licence in licences.items())
    return _CARD.format(
        version=manifest["version"],
        size=size / 1e6,
        temperature=manifest["temperature"],
        threshold=manifest["threshold"],
        sure_by_code=manifest["sure_by_code"],
        mixtures=" | ".join(MIXTURES),
        thresholds="\n".join(
            f"| {kind} | {' | '.join(_threshold(value) for value in row.values())} |"
            for kind, row in manifest["sure_from"].items()
        ),
        grams=_told_grams(manifest["params"]["ngrams"]),
        buckets=manifest["params"]["buckets"],
        checked=manifest["params"]["checked"],
        folds=manifest["params"]["folds"],
        data=data,
        sources=sources,
        head=" | ".join(column.replace("_", " ") for column in _COLUMNS),
        rule="---|" * len(_COLUMNS),
        figures=figures,
    )


def _threshold(value: float | None) -> str:
    return "never" if value is None else f"{value:g}"


def _told_grams(sizes: Sequence[int]) -> str:
    long = [size for size in sizes if size > _PAIR]
    return f"{min(long)}- to {max(long)}-grams" + (" (and pairs of ideographs)" if _PAIR in sizes else "")


def draw_confusion(outcome: pl.DataFrame, folder: Path) -> Path:
    """A heat map (rows truth, columns prediction, shares of the row) of held-out shops, as PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415  (training only)
    from matplotlib.figure import Figure  # noqa: PLC0415

    codes = sorted(set(outcome["category_code"]) | set(outcome["predicted"]))
    place = {code: index for index, code in enumerate(codes)}
    counts = np.zeros((len(codes), len(codes)))
    for truth, predicted in outcome.select("category_code", "predicted").iter_rows():
        counts[place[truth], place[predicted]] += 1
    figure = Figure(figsize=(11, 11), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    axes.imshow(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1), cmap="Blues")
    axes.set_xticks(range(len(codes)), codes, rotation=90, fontsize=7)
    axes.set_yticks(range(len(codes)), codes, fontsize=7)
    axes.set(xlabel="predicted", ylabel="truth", title="Held-out shops: share of each true leaf")
    path = folder / CONFUSION_FILE
    figure.savefig(path, dpi=80, metadata={"Software": None})
    return path


def draw_calibration(outcome: pl.DataFrame, folder: Path) -> Path:
    """How often the best leaf was right, by the probability it was given, a line a source, as PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415  (training only)
    from matplotlib.figure import Figure  # noqa: PLC0415

    figure = Figure(figsize=(6, 6), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="grey", linestyle=":")
    marked = outcome.with_columns(
        (pl.col("category_code") == pl.col("predicted")).alias("right"),
        (pl.col("probability") * _BINS).floor().clip(0, _BINS - 1).alias("bin"),
    )
    for (source,), rows in marked.group_by("source", maintain_order=True):
        points = rows.group_by("bin").agg(pl.col("probability").mean(), pl.col("right").mean()).sort("bin")
        axes.plot(points["probability"], points["right"], marker="o", label=str(source))
    axes.set(xlabel="probability given", ylabel="share right", xlim=(0, 1), ylim=(0, 1))
    axes.set_title("Each source by a confidence that had not seen it")
    axes.legend(fontsize=8)
    path = folder / CALIBRATION_FILE
    figure.savefig(path, dpi=80, metadata={"Software": None})
    return path


_CARD = """# Categoriser {version}

Gives a bank line's leaf of the product's taxonomy and a probability. The text is cleaned, romanised, cut
into character {grams} and words, hashed into {buckets:,} buckets; one linear layer
(multinomial logistic regression, weights in 8 bits) gives log-odds, divided by the temperature {temperature}.
A table of hashed shop names and one of phrases add log-odds where they stand in the text; the sign of the
amount, a merchant category code and the bank's own kind of the line shift them (`predict.py` says how much).
A logistic layer over the kinds of evidence gives the probability that the best leaf is right.
The file is an npz of plain arrays, {size:.1f} MB, loaded only when its SHA-256 is the registered one.

Below a probability of {threshold} a line stays uncategorised: a wrong category is taken to cost twice as much
as an empty one.

A line is *sure* (needs no second look) when something positive speaks for its leaf and the probability
reaches the threshold of that kind of evidence; a guess from the letters alone never is. Columns say how far
merchants of the leaf sell other leaves too (`knowledge/line_shares.csv`):

| what speaks for the leaf | {mixtures} |
|---|---|---|---|
{thresholds}

Together they hold the share of wrong lines to 2 % by its upper 95 % bound (Clopper-Pearson) over all sources
of bank lines, each judged by a confidence of the other sources; of a single kind to 5 % at most, and no
source refutes its 2 % by its lower bound. Where that cannot be shown no line is sure. Names of brand lists
are no bank lines and prove nothing, and a shop's name alone makes no line sure. A merchant category code of
one trade or the bank's own kind does from {sure_by_code}: an assumption, for no labelled lines carry codes.

This file is what one command gives: `python -m models_ml.categorizer.train --data DIR --bank FOLDER`, FOLDER
written by `mita generate --users 60 --months 12 --seed 11 --end 2026-11-01 --out FOLDER`.

## Learned from

| source | texts | content |
|---|---|---|
{data}

Lexicon, trades, bank lines and merchants are written for this project and lie in `knowledge/`. The rest is
read from DIR and not shipped; of it the weights are derived:

{sources}

## Figures

Shops are kept apart between fit and check in {folds} folds, of which {checked} is checked: a shop whose
first telling word is held out is absent from every source of that fold's fit, brand lists included, so these
are shops that the model never heard of; of Birmingham's once more with the public lists of names known. The
confidence of each source learned from the other sources alone. "Sure" counts lines by the thresholds above,
which have seen these probabilities of all sources; "thresholds of other sources" by such as were chosen
without the source, for which fewer lines speak, so that fewer kinds can show their 2 %. "At most wrong" is
the upper 95 % bound of one source by itself. The truth of a brand is any kind of shop that its list names it
for. The South African lines are real bank lines of a country that no words are learned from (their labels'
leaves were fixed before scoring; lists of phrases and names were extended after reading their errors and
those of the simulated lines, so both are development figures). "Written" are lines in the manners of banks
of 26 countries (`knowledge/check_lines.csv`), whose leaves were set before any was scored and whose misses
were not read; they name well-known shops more often than real statements do. "Keywords" is the lexicon's
longest phrase found in the text, else uncategorised; it has no probability and is never sure.

| check | {head} |
|---|{rule}
{figures}

## Limits

Names that say nothing of their trade ("Beeches Road", "Gilda") stay unknown. Food bought at a filling station
looks like fuel. Person-to-person payments are told by the bank's words, not by names. Amounts count by their
sign only. Birmingham's account codes are what a council booked, not what a person bought.
"""
