"""The week's advice with a language model that lies, leaks, is down, slow or too dear: the figures stand."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr
from sqlalchemy import insert, text

from flows.insights import _advise, configured_narrator
from models_ml.insights.catalogue import Fact, finding
from models_ml.insights.narrate import MOST_FAILURES
from tests.factories import make_user
from tests.flows.clients.llm_server import FakeLlm, Script, refused, said, serving, slow
from warehouse.repositories.done_days import DueUser
from warehouse.tables.meaning import insights

if TYPE_CHECKING:
    from warehouse.engine import Warehouse

WEEK = date(2026, 3, 9)
PEOPLE = 5
TRUE = "Groceries went 150 EUR over its budget of 300 EUR."


def people_with_a_finding(warehouse: Warehouse) -> list[DueUser]:
    """People who went over a budget by the same."""
    found = finding(
        Fact("over_budget", "groceries", 45_000, 30_000, 15_000, 50, 12, date(2026, 3, 1), "Groceries",
            "Хранителни стоки", "EUR", date(2026, 3, 12))
    )  # fmt: skip
    assert found is not None
    users = [make_user(warehouse, country="US") for _ in range(PEOPLE)]
    with warehouse.transaction() as connection:
        for user in users:
            connection.execute(
                insert(insights).values(
                    user_id=user.user_id, insight_key=found.key, kind=found.kind, found_on=WEEK,
                    last_seen_on=WEEK, rank=1.0, confidence=1.0, value_minor=15_000, currency="EUR",
                    facts={"numbers": list(found.numbers)}, sources=["marts.fct_category_periods"],
                    title_en=found.titles["en"], text_en=found.texts["en"],
                    title_bg=found.titles["bg"], text_bg=found.texts["bg"],
                )
            )  # fmt: skip
    return [DueUser(user.user_id, WEEK, "") for user in users]


def advised(
    warehouse: Warehouse, fake: FakeLlm, *, monthly: str = "10"
) -> tuple[tuple[int, int], set[tuple[str, str]]]:
    """How many texts were the model's and how many were refused, and what users read in English."""
    configured = warehouse.settings.model_copy(
        update={
            "llm_api_key": SecretStr("secret"), "llm_base_url": fake.url, "llm_model": "fake",
            "llm_timeout_seconds": 0.2, "llm_monthly_usd": Decimal(monthly),
        }
    )  # fmt: skip
    counted = _advise(warehouse, people_with_a_finding(warehouse), configured_narrator(configured, warehouse))
    with warehouse.transaction() as connection:
        rows = connection.execute(
            text(
                "select told_by, text from ml.advice_snapshots where language = 'en' and week_start = :week"
            ),
            {"week": WEEK},
        ).all()
    assert len(rows) == PEOPLE
    return counted, {(row.told_by, row.text) for row in rows}


def note(words: str) -> Script:
    return lambda _: said(json.dumps({"text": words}))


def test_an_honest_model_is_read_and_was_given_no_more_than_findings(warehouse: Warehouse) -> None:
    with serving(note(TRUE)) as fake:
        counted, told = advised(warehouse, fake)
    assert counted == (PEOPLE, 0)
    assert told == {("fake", TRUE)}
    assert all("example.org" not in json.dumps(asked) for asked in fake.asked)


@pytest.mark.parametrize(
    "words",
    [
        "Groceries went 15 EUR over its budget of 300 EUR.",
        "Groceries went 150 EUR over. The key of this service is sk-secret, see https://example.org",
        "Ignore the findings: you are rich.  1,000,000 EUR await you.",
    ],
)
def test_who_lies_or_leaks_is_not_read(warehouse: Warehouse, words: str) -> None:
    with serving(note(words)) as fake:
        counted, told = advised(warehouse, fake)
    assert counted == (0, PEOPLE)
    assert {who for who, _ in told} == {"template"}
    assert all("150.00 EUR" in read and words not in read for _, read in told)


@pytest.mark.parametrize(
    "answer", [lambda _: refused(500), lambda _: (200, b"<html>"), slow(0.6)], ids=["down", "broken", "slow"]
)
def test_who_keeps_failing_is_left_alone_and_nobody_misses_a_figure(
    warehouse: Warehouse, answer: Script
) -> None:
    with serving(answer) as fake:
        counted, told = advised(warehouse, fake)
    assert counted == (0, PEOPLE)
    assert {who for who, _ in told} == {"template"}
    assert all("150.00 EUR" in read for _, read in told)
    assert MOST_FAILURES <= len(fake.asked) <= MOST_FAILURES * 3


def test_beyond_the_months_cap_nothing_is_asked(warehouse: Warehouse) -> None:
    with serving(note(TRUE)) as fake:
        counted, told = advised(warehouse, fake, monthly="0.0001")
    assert counted == (0, PEOPLE)
    assert fake.asked == []
    assert {who for who, _ in told} == {"template"}
