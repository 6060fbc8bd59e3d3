"""``mita plan settings|allot|commit``: said in a line, kept exactly, refused in one clear line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from flows.cli import app
from flows.cli.errors import CommandError
from warehouse.repositories.budget_statements import MOST_COMMITMENTS, BudgetRefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from warehouse.engine import Warehouse
    from warehouse.repositories.users import User


@pytest.fixture
def mita(warehouse: Warehouse, user: User, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Run ``mita plan ...`` for the user and give what it printed; what it refuses is raised."""
    monkeypatch.setenv("MITA_HOME", str(warehouse.settings.root))
    monkeypatch.setenv("MITA_DATABASE_URL", warehouse.server.render_as_string(hide_password=False))

    def run(command: str, *words: str) -> str:
        result = CliRunner().invoke(app, ["plan", command, *words, "--user", user.email])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == 0, result.output
        return result.output

    return run


def told(mita: Callable[..., str]) -> dict[str, Any]:
    return dict(json.loads(mita("settings", "--json")))


def test_what_is_named_changes_and_the_rest_stays(mita: Callable[..., str]) -> None:
    before = told(mita)["settings"]
    mita("settings", "--income", "2450.50", "--cycle", "fortnightly", "--anchor", "2026-11-27")
    changed = told(mita)["settings"]
    assert changed == before | {
        "monthly_income_minor": 245_050,
        "cycle": "fortnightly",
        "cycle_anchor": "2026-11-27",
    }
    mita("settings", "--income", "statements", "--no-forecast")
    assert told(mita)["settings"] == changed | {"monthly_income_minor": None}


def test_a_category_is_decided_for_and_left_to_the_method_again(mita: Callable[..., str]) -> None:
    mita("allot", "groceries", "--amount", "400", "--carry", "surplus")
    mita("allot", "rent", "--share", "33.33%")
    groceries = {"category_code": "groceries", "allotted_minor": 40_000, "share_bp": None, "carry": "surplus"}
    rent = {"category_code": "rent", "allotted_minor": None, "share_bp": 3333, "carry": "none"}
    assert told(mita)["categories"] == [groceries, rent]
    assert "33.33 %" in mita("settings")
    mita("allot", "rent", "--clear")
    assert told(mita)["categories"] == [groceries]
    assert "nothing was decided" in mita("allot", "rent", "--clear")


def test_a_commitment_is_kept_until_it_is_forgotten(mita: Callable[..., str]) -> None:
    mita("commit", "gifts", "--amount", "50", "--due", "2026-12-24", "--name", "Christmas")
    (kept,) = json.loads(mita("commitments", "--json"))
    assert (kept["amount_minor"], kept["due_date"], kept["kind"]) == (5_000, "2026-12-24", "expense")
    assert "Christmas" in mita("commitments")
    mita("uncommit", kept["commitment_id"])
    assert json.loads(mita("commitments", "--json")) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("settings", "--method", "by feel"), "method is one of 50/30/20"),
        (("settings", "--income", "-1"), "an income is not below zero"),
        (("settings", "--cycle", "semi-monthly", "--pay-day", "20"), "between 1 and 15, not 20"),
        (("settings", "--moves", "maybe"), "moves_mode is one of auto"),
        (("allot", "salary", "--amount", "1"), "'salary' is no category that has a budget"),
        (("allot", "rent", "--share", "101"), "between 0 and 100 %"),
        (("settings", "--income", "9" * 20), "an income is not so large"),
        (("allot", "rent", "--amount", "9" * 20), "an amount for a category is not so large"),
        (("commit", "gifts", "--amount", "9" * 20, "--due", "2026-12-24"), "what is due is not so large"),
        (("commit", "gifts", "--amount", "0", "--due", "2026-12-24"), "more than nothing"),
        (("commit", "nonsense", "--amount", "1", "--due", "2026-12-24"), "'nonsense' is no category"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_line(
    mita: Callable[..., str], words: tuple[str, ...], said: str
) -> None:
    before = told(mita)
    with pytest.raises(BudgetRefusedError, match=said):
        mita(*words)
    assert told(mita) == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("allot", "rent", "--share", "nan"), "'nan' is not a percentage"),
        (("allot", "rent", "--share", "inf"), "'inf' is not a percentage"),
        (("allot", "rent", "--share", "half"), "'half' is not a percentage"),
        (("commit", "gifts", "--amount", "1", "--due", "9999-12-31"), "days lie between 2000-01-02"),
        (("commit", "gifts", "--amount", "1", "--due", "soon"), "'soon' is not a day"),
        (("settings", "--anchor", "1800-01-01"), "days lie between 2000-01-02"),
        (("show", "--date", "9999-12-31"), "days lie between 2000-01-02"),
        (("show", "--month", "9999-12"), "days lie between 2000-01-02"),
        (("show", "--month", "december"), "'december' is not a month"),
    ],
)
def test_what_cannot_be_read_is_told_in_a_line(
    mita: Callable[..., str], words: tuple[str, ...], said: str
) -> None:
    with pytest.raises(CommandError, match=said):
        mita(*words)


def test_there_is_an_end_to_commitments(mita: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert MOST_COMMITMENTS == 500
    monkeypatch.setattr("warehouse.repositories.budget_statements.MOST_COMMITMENTS", 1)
    mita("commit", "gifts", "--amount", "50", "--due", "2026-12-24")
    with pytest.raises(BudgetRefusedError, match="1 commitments are kept already"):
        mita("commit", "gifts", "--amount", "60", "--due", "2026-12-25")
