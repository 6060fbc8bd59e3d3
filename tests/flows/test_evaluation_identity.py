"""The evaluation of identity and links, and the learning of its weights, on a small generated bank."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from flows.evaluation.fit_identity import ABOUT, learned
from flows.evaluation.identity import evaluate, labelled_lines, with_links
from flows.evaluation.links import evaluate_links
from flows.generator import generate
from models_ml.identity.train import AGAINST, FOR


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bank") / "bank"
    generate(users=6, months=6, seed=5, out=folder, workers=1)
    return folder


@pytest.fixture(scope="module")
def lines(bank: Path) -> pl.DataFrame:
    return labelled_lines(bank)


def test_the_same_lines_teach_the_same_weights_whose_signs_make_sense(lines: pl.DataFrame) -> None:
    model = learned(lines, lines)
    assert model.to_json(ABOUT) == learned(lines, lines).to_json(ABOUT)
    settlement = json.loads(model.to_json(ABOUT))["weights"]["settlement"]
    assert all(settlement[name] >= 0 for name in FOR)
    assert all(settlement[name] <= 0 for name in AGAINST)


def test_the_report_tells_every_kind_with_its_difficulties_and_what_is_asked(
    bank: Path, lines: pl.DataFrame
) -> None:
    linked = evaluate_links(bank, users=6, months=6, seed=5)
    report = with_links(evaluate(lines), linked)
    told = {score.what for score in (*report.scores, *report.links)}
    assert told == {"repeat", "pending to posted", "transfer", "refund", "reimbursement"}
    assert report.questions_per_1000_lines == round(1000 * report.questions / report.lines, 2)
    for kind in told:
        total, *parts = [score for score in (*report.scores, *report.links) if score.what == kind]
        assert total.difficulty == "all"
        assert total.pairs == sum(part.pairs for part in parts)
        assert total.asked >= max(part.asked for part in parts)
