"""Learns the weights of recurring series anew: ``python -m flows.evaluation.fit_recurring``.

The banks it learns from are generated, cut to histories of several lengths, and share no person with the one
that ``mita evaluate recurring`` generates by default.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from flows.evaluation.recurring import bank_lines
from flows.generator import generate
from models_ml.recurring.candidates import keyed_lines
from models_ml.recurring.find import judge
from models_ml.recurring.train import train

#: Seed, people, months.
BANKS = ((101, 80, 24), (303, 60, 36), (404, 60, 18), (505, 60, 12), (606, 60, 6))


def main() -> None:
    """Generate, judge, fit, write."""
    examples = []
    with tempfile.TemporaryDirectory() as folder:
        for seed, users, months in BANKS:
            bank = Path(folder) / str(seed)
            generate(users=users, months=months, seed=seed, out=bank)
            lines, truth = bank_lines(bank)
            judged = judge(keyed_lines(lines))
            if judged is not None:
                examples.append((judged, truth.join(lines, on="transaction_id", how="semi")))
        found = train(examples)
    sys.stdout.write(f"{found}\nNext: mita evaluate recurring\n")


if __name__ == "__main__":
    main()
