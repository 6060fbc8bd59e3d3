"""How often the shipped matcher is right on people whom it has not seen: a floor that nobody lowers."""

from __future__ import annotations

import pytest

from flows.evaluation.links import TRAINING_SEED, evaluate_links
from models_ml.links.facts import FACT_SCHEMA, RATE_SCHEMA
from models_ml.links.logistic import shipped
from models_ml.links.match import links
from warehouse.repositories.links import FACT_COLUMNS

FLOORS = {"transfer": 0.99, "refund": 0.97, "reimbursement": 0.6}
SEED = 31


def test_the_repository_reads_what_the_matchers_want() -> None:
    assert FACT_COLUMNS == FACT_SCHEMA


def test_evaluations_use_other_people_than_training() -> None:
    assert SEED != TRAINING_SEED


@pytest.mark.slow
def test_links_of_unseen_people_are_right() -> None:
    report = evaluate_links(None, users=30, months=12, seed=SEED)
    reached = {each.kind: each.f1 for each in report.scores if each.difficulty == "all"}
    assert {kind: f1 for kind, f1 in reached.items() if f1 < FLOORS[kind]} == {}
    assert report.model_version == shipped().version


def test_no_facts_give_no_links() -> None:
    import polars as pl

    from models_ml.links.match import DECISION_SCHEMA

    none = links(
        pl.DataFrame(schema=FACT_SCHEMA),
        pl.DataFrame(schema=RATE_SCHEMA),
        pl.DataFrame(schema=DECISION_SCHEMA),
        shipped(),
    )
    assert none.is_empty()
