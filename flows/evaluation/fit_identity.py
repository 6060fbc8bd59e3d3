"""Learns the weights of identity anew: ``python -m flows.evaluation.fit_identity``.

The bank it learns from is generated, as it is and with noise, and shares no person with the one that
``mita evaluate identity`` generates by default.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import polars as pl

from flows.evaluation.identity import keyed, labelled_lines
from flows.evaluation.noise import LEARNED, disturbed
from flows.generator import generate
from models_ml.identity.entries import coverage_of, entries_of
from models_ml.identity.model import SHIPPED
from models_ml.identity.train import fit

PEOPLE, MONTHS, SEED = 150, 12, 2024
#: How many of the files are disturbed, in each copy of the bank; none in the first.
NOISY_SHARES = (0.0, 0.3, 0.6)


def main(target: Path = SHIPPED) -> None:
    """Generate, disturb, fit, write."""
    with tempfile.TemporaryDirectory() as folder:
        bank = Path(folder) / "bank"
        generate(users=PEOPLE, months=MONTHS, seed=SEED, out=bank)
        lines = labelled_lines(bank)
    copies = [disturbed(lines, LEARNED, seed, share) for seed, share in enumerate(NOISY_SHARES)]
    model = fit([_known(copy) for copy in copies])
    about = {
        "what": "weights, in log-odds, of the evidence that two entries of an account are one event",
        "learned from": f"mita generate --users {PEOPLE} --months {MONTHS} --seed {SEED}, with noise: "
        f"{', '.join(LEARNED)} in {', '.join(f'{share:.0%}' for share in NOISY_SHARES)} of the files",
        "data": "generated; no real person's",
        "again": "python -m flows.evaluation.fit_identity",
        "measured by": "mita evaluate identity",
    }
    target.write_text(model.to_json(about), encoding="utf-8")
    sys.stdout.write(f"Wrote {target}. Next: mita evaluate identity\n")


def _known(lines: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame, pl.Series]:
    known = keyed(lines)
    coverage = coverage_of(known)
    entries = entries_of(known, coverage)
    event_of = dict(known.select("entry_id", "event_id").iter_rows())
    return entries, coverage, pl.Series([event_of[entry] for entry in entries["entry_id"]])


if __name__ == "__main__":
    main()
