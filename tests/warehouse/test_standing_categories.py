"""Whose word on a line's category stands, and that it stands at once."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from sqlalchemy import text

from tests.factories import add_transaction, make_user
from warehouse.repositories import rules
from warehouse.repositories.rules import NewRule, RuleRefusedError
from warehouse.repositories.users import User

if TYPE_CHECKING:
    from warehouse.engine import Warehouse


def run(warehouse: Warehouse, statement: str, **values: object) -> list[Any]:
    with warehouse.transaction() as connection:
        result = connection.execute(text(statement), values)
        return list(result) if result.returns_rows else []


def line(warehouse: Warehouse, user: User, description: str, **given: Any) -> UUID:  # noqa: ANN401
    """A new line; gives its id."""
    add_transaction(warehouse, user, description=description, **given)
    found = run(
        warehouse,
        "select transaction_id from app.transactions where user_id = :user and description = :text "
        "order by created_at desc limit 1",
        user=user.user_id,
        text=description,
    )
    return UUID(str(found[0][0]))


def decide(warehouse: Warehouse, user: User, transaction: UUID, category: str) -> None:
    run(
        warehouse,
        "insert into app.category_decisions (user_id, transaction_id, category_code) values (:u, :t, :c) "
        "on conflict (user_id, transaction_id) do update set category_code = :c, decided_at = now()",
        u=user.user_id,
        t=transaction,
        c=category,
    )


def predict(warehouse: Warehouse, user: User, transaction: UUID, category: str) -> None:
    run(
        warehouse,
        "insert into ml.category_predictions (user_id, transaction_id, category_code, suggested_code, "
        "probability, model_name, model_version) values (:u, :t, :c, :c, 0.9, 'm', 'v1')",
        u=user.user_id,
        t=transaction,
        c=category,
    )


def standing(warehouse: Warehouse, user: User, transaction: UUID) -> tuple[str, str]:
    row = run(
        warehouse,
        "select category_code, category_origin from app.standing_categories "
        "where user_id = :u and transaction_id = :t",
        u=user.user_id,
        t=transaction,
    )[0]
    return row[0], row[1]


def reason(warehouse: Warehouse, user: User, transaction: UUID) -> str:
    return str(
        run(
            warehouse,
            "select category_reason from app.standing_categories where user_id = :u and transaction_id = :t",
            u=user.user_id,
            t=transaction,
        )[0][0]
    )


def contains(word: str) -> dict[str, object]:
    return {"field": "text", "is": "contains", "value": word}


def add_rule(
    warehouse: Warehouse,
    user: User,
    category: str,
    *conditions: dict[str, Any],
    **given: Any,  # noqa: ANN401
) -> UUID:
    rule = NewRule(
        given.pop("name", category),
        list(conditions),
        {"category": category} | given.pop("actions", {}),
        **given,
    )
    with warehouse.transaction() as connection:
        return rules.add_rule(connection, user.user_id, rule)


def test_user_over_rule_over_memory_over_model(warehouse: Warehouse) -> None:
    user = make_user(warehouse)
    decide(warehouse, user, line(warehouse, user, "LIDL 12 SOFIA"), "groceries")
    new = line(warehouse, user, "LIDL 77 VARNA")
    predict(warehouse, user, new, "clothing")
    assert standing(warehouse, user, new) == ("groceries", "memory")
    rule = add_rule(warehouse, user, "household_supplies", contains("lidl"))
    assert standing(warehouse, user, new) == ("household_supplies", "rule")
    decide(warehouse, user, new, "gifts")
    assert standing(warehouse, user, new) == ("gifts", "user")
    run(warehouse, "delete from app.category_decisions where transaction_id = :t", t=new)
    with warehouse.transaction() as connection:
        rules.remove_rule(connection, user.user_id, rule)
    assert standing(warehouse, user, new) == ("groceries", "memory")
    run(warehouse, "delete from app.memory_matches")
    assert standing(warehouse, user, new) == ("clothing", "model")
    run(warehouse, "delete from ml.category_predictions")
    assert standing(warehouse, user, new) == ("uncategorised", "none")


def test_one_correction_changes_the_next_line_of_that_merchant_for_that_user_only(
    warehouse: Warehouse,
) -> None:
    user, stranger = make_user(warehouse), make_user(warehouse)
    past = line(warehouse, user, "SUMUP *CAFE STATION 12 SOFIA")
    before = line(warehouse, user, "SUMUP *CAFE STATION 44 SOFIA")
    decide(warehouse, user, past, "coffee")
    started = time.monotonic()
    after = line(warehouse, user, "CARD PAYMENT TO CAFE STATION 03.11.2026 REF 8812")
    assert standing(warehouse, user, after) == ("coffee", "memory")
    assert time.monotonic() - started < 1
    assert reason(warehouse, user, after) == "you put 1 of 1 earlier lines of this merchant here"
    assert standing(warehouse, user, before) == ("uncategorised", "none")
    assert standing(warehouse, user, line(warehouse, user, "CAFE OTHER 12")) == ("uncategorised", "none")
    theirs = line(warehouse, stranger, "SUMUP *CAFE STATION 12 SOFIA")
    assert standing(warehouse, stranger, theirs) == ("uncategorised", "none")


@pytest.mark.parametrize(
    ("said", "stands"),
    [
        (["coffee"], "coffee"),
        (["coffee", "gifts"], "gifts"),
        (["coffee", "coffee", "gifts"], "gifts"),
        (["coffee", "coffee", "coffee", "gifts"], "coffee"),
        (["coffee", "coffee", "coffee", "gifts", "gifts"], "gifts"),
    ],
)
def test_conflicting_corrections_are_weighed_by_age_and_number(
    warehouse: Warehouse, said: list[str], stands: str
) -> None:
    user = make_user(warehouse)
    for number, category in enumerate(said):
        decide(warehouse, user, line(warehouse, user, f"CAFE STATION {number}"), category)
    new = line(warehouse, user, "CAFE STATION 99")
    assert standing(warehouse, user, new) == (stands, "memory")
    probability = run(
        warehouse, "select probability from app.memory_matches where transaction_id = :t", t=new
    )
    assert 0.4 < probability[0][0] < 0.95
    assert f"{said.count(stands)} of {len(said)}" in reason(warehouse, user, new)


def test_money_in_is_not_remembered_for_money_out(warehouse: Warehouse) -> None:
    user = make_user(warehouse)
    decide(warehouse, user, line(warehouse, user, "DANIEL TAYLOR", amount_minor=-90000), "rent")
    back = line(warehouse, user, "DANIEL TAYLOR 2", amount_minor=1500)
    assert standing(warehouse, user, back) == ("uncategorised", "none")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("LIDL 123 SOFIA", "LIDL 9981 PLOVDIV"),
        ("SAINSBURY'S 6674 MANCHESTER", "SAINSBURYS 0012 LEEDS"),
        ("BOLT.EU X4QHT7 LONDON", "BOLT.EU R8KKT2 PARIS"),
        ("AMZN MKTP*RA0BUFTJ1", "AMZN MKTP*X99TT0011"),
        ("PAYPAL *SPOTIFY 4029357733", "PAYPAL *SPOTIFY 1188"),
        ("ПЛАЩАНЕ НА ПОС 4455 БИЛЛА 112 СОФИЯ", "ПЛАЩАНЕ НА ПОС 0001 БИЛЛА 7 ВАРНА"),
    ],
)
def test_lines_of_one_merchant_have_one_key(warehouse: Warehouse, one: str, other: str) -> None:
    keys = {run(warehouse, "select app.merchant_key(:text, null)", text=each)[0][0] for each in (one, other)}
    assert len(keys) == 1
    assert None not in keys


@pytest.mark.parametrize(
    ("one", "other"),
    [("THE OAK ARMS", "THE OLD MILL"), ("LIDL 1", "ALDI 1"), ("CAFE STATION", "CAFE RIVER")],
)
def test_different_merchants_have_different_keys(warehouse: Warehouse, one: str, other: str) -> None:
    keys = {run(warehouse, "select app.merchant_key(:text, null)", text=text)[0][0] for text in (one, other)}
    assert len(keys) == 2


def test_numbers_alone_are_no_merchant(warehouse: Warehouse) -> None:
    for nothing in ("", "   ", "123456 99-88", "03.11.2026"):
        assert run(warehouse, "select app.merchant_key(:text, '')", text=nothing)[0][0] is None


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        (contains("LiDl"), True),
        (contains("aldi"), False),
        ({"field": "text", "is": "equals", "value": "lidl 123"}, True),
        ({"field": "text", "is": "equals", "value": "lidl"}, False),
        ({"field": "text", "is": "regex", "value": r"^lidl \d{3}$"}, True),
        ({"field": "text", "is": "regex", "value": r"\blidl\b"}, True),
        ({"field": "amount", "from_minor": -2000, "to_minor": -1000}, True),
        ({"field": "amount", "from_minor": -1000}, False),
        ({"field": "date", "from": "2026-03-01", "to": "2026-03-31"}, True),
        ({"field": "date", "to": "2026-01-01"}, False),
        ({"field": "tag", "value": "holiday"}, False),
    ],
)
def test_a_condition_holds_for_what_it_says(
    warehouse: Warehouse, condition: dict[str, Any], *, holds: bool
) -> None:
    user = make_user(warehouse)
    one = line(warehouse, user, "LIDL 123", amount_minor=-1250)
    add_rule(warehouse, user, "groceries", condition)
    assert (standing(warehouse, user, one) == ("groceries", "rule")) is holds


def test_all_needs_every_condition_and_any_needs_one(warehouse: Warehouse) -> None:
    user = make_user(warehouse)
    one = line(warehouse, user, "LIDL 123")
    both = contains("lidl"), contains("sofia")
    rule = add_rule(warehouse, user, "groceries", *both)
    assert standing(warehouse, user, one)[1] == "none"
    with warehouse.transaction() as connection:
        rules.remove_rule(connection, user.user_id, rule)
    add_rule(warehouse, user, "groceries", *both, match="any")
    assert standing(warehouse, user, one) == ("groceries", "rule")


def test_the_rule_that_stands_first_goes_first_and_can_be_moved(warehouse: Warehouse) -> None:
    user = make_user(warehouse)
    one = line(warehouse, user, "LIDL 123")
    add_rule(warehouse, user, "groceries", contains("lidl"))
    later = add_rule(warehouse, user, "gifts", contains("lidl"))
    assert standing(warehouse, user, one) == ("groceries", "rule")
    with warehouse.transaction() as connection:
        rules.move_rule(connection, user.user_id, later, 1)
    assert standing(warehouse, user, one) == ("gifts", "rule")


def test_a_rule_for_the_future_leaves_the_past(warehouse: Warehouse) -> None:
    user = make_user(warehouse)
    past = line(warehouse, user, "LIDL 1")
    add_rule(warehouse, user, "groceries", contains("lidl"), for_past=False)
    assert standing(warehouse, user, past) == ("uncategorised", "none")
    assert standing(warehouse, user, line(warehouse, user, "LIDL 2")) == ("groceries", "rule")


def test_a_preview_says_what_would_change_and_changes_nothing(warehouse: Warehouse) -> None:
    user = make_user(warehouse)
    for number in range(3):
        line(warehouse, user, f"LIDL {number}")
    line(warehouse, user, "ALDI 1")
    rule = NewRule("shops", [contains("lidl")], {"category": "groceries"})
    with warehouse.transaction() as connection:
        preview = rules.preview_rule(connection, user.user_id, rule)
    assert (preview.holds, preview.changes) == (3, 3)
    assert {(one.category_before, one.category_after) for one in preview.examples} == {
        ("uncategorised", "groceries")
    }
    assert run(warehouse, "select 1 from app.category_rules") == []


def test_a_rule_splits_to_the_minor_unit(warehouse: Warehouse) -> None:
    user = make_user(warehouse)
    whole = line(warehouse, user, "COSTCO 1", amount_minor=-1001)
    shares = [
        {"category": "groceries", "share_bp": 3333},
        {"category": "gifts", "share_bp": 3333},
        {"category": "clothing", "share_bp": 3334},
    ]
    rule = NewRule("costco", [contains("costco")], {"split": shares})
    with warehouse.transaction() as connection:
        rules.add_rule(connection, user.user_id, rule)
    parts = run(warehouse, "select amount_minor from app.parts where transaction_id = :t", t=whole)
    assert sum(amount for (amount,) in parts) == -1001
    assert len(parts) == 3


@pytest.mark.parametrize(
    "bad",
    [
        NewRule("x", [], {"category": "gifts"}),
        NewRule("x", [contains("a")], {}),
        NewRule("x", [contains("")], {"category": "gifts"}),
        NewRule("x", [{"field": "text", "is": "regex", "value": "("}], {"category": "gifts"}),
        NewRule("x", [{"field": "text", "is": "regex", "value": r"(a)\1"}], {"category": "gifts"}),
        NewRule("x", [{"field": "text", "is": "regex", "value": "(?=a)b"}], {"category": "gifts"}),
        NewRule("x", [{"field": "colour", "value": "red"}], {"category": "gifts"}),
        NewRule("x", [{"field": "amount", "from_minor": "1; drop table"}], {"category": "gifts"}),
        NewRule("x", [contains("a")], {"launch": "rocket"}),
        NewRule("x", [contains("a")], {"split": [{"category": "gifts", "share_bp": 5000}]}),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(warehouse: Warehouse, bad: NewRule) -> None:
    user = make_user(warehouse)
    with warehouse.transaction() as connection, pytest.raises(RuleRefusedError):
        rules.add_rule(connection, user.user_id, bad)


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|a)*$", "(a|aa)+$", "([a-z]+)*x$", "(.*a){12}$"])
def test_no_pattern_takes_long(warehouse: Warehouse, pattern: str) -> None:
    user = make_user(warehouse)
    add_rule(warehouse, user, "gifts", {"field": "text", "is": "regex", "value": pattern})
    started = time.monotonic()
    line(warehouse, user, "a" * 5000 + "!")
    assert time.monotonic() - started < 2
