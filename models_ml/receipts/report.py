"""The model card that goes with a trained reader."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from models_ml.receipts.model import CARD_FILE

_COLUMNS = ("receipts", "right", "coverage", "wrong_when_sure", "brier")


def write_card(manifest: Mapping[str, Any], size: int, folder: Path) -> None:
    """Write the card as Markdown: what it is for, data and licences, figures, limits, the one command."""
    (folder / CARD_FILE).write_text(card(manifest, size), encoding="utf-8")


def card(manifest: Mapping[str, Any], size: int) -> str:
    """The card's text."""
    data = "\n".join(
        f"| {name} | {facts['receipts']} | {facts['sha256'][:12]} |"
        for name, facts in manifest["data"].items()
    )
    figures = "\n".join(
        f"| {name} | {' | '.join(str(values[column]) for column in _COLUMNS)} |"
        for name, values in manifest["metrics"].items()
    )
    thresholds = ", ".join(f"{name} {value}" for name, value in manifest["thresholds"].items())
    return _CARD.format(
        version=manifest["version"],
        size=size / 1e6,
        data=data,
        figures=figures,
        thresholds=thresholds,
        head=" | ".join(column.replace("_", " ") for column in _COLUMNS),
        rule="---|" * len(_COLUMNS),
        folds=manifest["params"]["folds"],
        trees=manifest["params"]["trees"],
    )


_CARD = """# Receipt reader {version}

Gives merchant, date and total of a receipt from the lines that an OCR engine saw, with a probability each.
Every amount, date and head row is a candidate; features say what words stand beside and above it, where it
stands, and what the arithmetic of the receipt says of it (items to subtotal to tax to total, cash less
change). {trees} boosted trees a field (scikit-learn's gradient boosting) score the candidates; a logistic
curve over score, margin, OCR confidence and proofs makes the best one's score a probability. The file is an
npz of plain arrays, {size:.1f} MB, scored with numpy alone and loaded only when its SHA-256 is the registered
one.

A receipt goes to review when a field is below its threshold: {thresholds}.

Train it anew: `mita receipts train --data DIR`

## Learned from

| source | receipts | content |
|---|---|---|
{data}

`photographed` are the 150 training receipts of SROIE (ICDAR 2019; repository MIT, images CC-BY-4.0), read
from DIR and not shipped. The others are drawn: composed from the words in `drawn/locales.toml`, with letters
misread.

## Figures

Companies are kept apart between fit and check in {folds} folds: every photographed receipt is scored by
trees that saw none of its company. "True value removed" asks the same of receipts whose true value was taken
away, as if the engine had not read it: nothing can be right, so little must look sure. The calibration
and the thresholds come from the same held-out scores.

| check | {head} |
|---|{rule}
{figures}

## Limits

The photographed receipts are Malaysian. Receipts of other countries are learned from drawn ones, which have
no surprises. Handwriting is not read. A total that the engine misread the same way everywhere is believed
when nothing on the receipt contradicts it.
"""
