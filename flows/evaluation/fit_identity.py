"""Learns the weights of identity anew: ``mita models train-identity``.

The bank it learns from is generated, as it is and with noise, and shares no person with the one that
``mita evaluate identity`` generates by default.
"""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

import polars as pl

from flows.evaluation.identity import keyed, labelled_lines
from flows.evaluation.noise import LEARNED, disturbed, with_siblings
from flows.generator import generate
from models_ml.identity.entries import coverage_of, entries_of
from models_ml.identity.model import SHIPPED, PairModel
from models_ml.identity.train import fit

#: Repeats are learned from everybody's lines; pending lines are rare, so more people, of whom only the
#: accounts that show any are read.
MONTHS = 12
REPEATS, SETTLEMENTS = (100, 2024), (300, 4048)
#: How many of the files are disturbed, in each copy of the bank; none in the first.
NOISY_SHARES = (0.0, 0.3, 0.6)


def train_identity(target: Path | None = None) -> dict[str, str]:
    """Generate, disturb, fit, and write the weights; gives what is said about them."""
    everybody = _generated(*REPEATS, only_pending=False)
    model = learned(everybody, _generated(*SETTLEMENTS, only_pending=True))
    (target or SHIPPED).write_text(model.to_json(ABOUT), encoding="utf-8")
    return ABOUT


def learned(everybody: pl.DataFrame, with_pending: pl.DataFrame) -> PairModel:
    """The weights that labelled lines teach, as they are and disturbed."""
    repeats = [disturbed(everybody, LEARNED, seed, share) for seed, share in enumerate(NOISY_SHARES)]
    dice = random.Random(0)  # noqa: S311 - reproducible noise
    repeats[1] = with_siblings(repeats[1], dice)
    settlements = [
        disturbed(with_pending, LEARNED, seed, share) for seed, share in enumerate(NOISY_SHARES[:2])
    ]
    return fit([_known(copy) for copy in repeats], [_known(copy) for copy in settlements])


ABOUT = {
    "what": "weights, in log-odds, of the evidence that two entries of an account are one event",
    "learned from": f"mita generate --months {MONTHS}, users and seed {REPEATS} for repeats and "
    f"{SETTLEMENTS} for settlements, with noise: {', '.join(LEARNED)} in "
    f"{', '.join(f'{share:.0%}' for share in NOISY_SHARES)} of the files, and purchases with siblings",
    "data": "generated; no real person's",
    "again": "mita models train-identity",
    "measured by": "mita evaluate identity",
}


def _generated(people: int, seed: int, *, only_pending: bool) -> pl.DataFrame:
    with tempfile.TemporaryDirectory() as folder:
        bank = Path(folder) / "bank"
        generate(users=people, months=MONTHS, seed=seed, out=bank)
        return labelled_lines(bank, only_pending=only_pending)


def _known(lines: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame, pl.Series]:
    known = keyed(lines)
    coverage = coverage_of(known)
    entries = entries_of(known, coverage)
    event_of = dict(known.select("entry_id", "event_id").iter_rows())
    return entries, coverage, pl.Series([event_of[entry] for entry in entries["entry_id"]])
