"""People of all kinds, drawn from seeds, and how their facts get into a warehouse."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from random import Random
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from sqlalchemy import insert, text, update

from tests.dbt.reference_periods import Cycle
from tests.dbt.reference_plan import Choice, Commitment, Facts, ManualMove, Profile, Purchase
from tests.factories import make_user
from warehouse.tables.app import (
    accounts,
    budget_moves,
    budget_settings,
    category_budgets,
    category_decisions,
    commitments,
    transactions,
    users,
)
from warehouse.tables.ml import category_predictions, spending_profiles
from warehouse.tables.ops import build_queue

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from warehouse.engine import Warehouse

CODES = (
    *("rent", "electricity", "groceries", "car_insurance", "coffee", "streaming", "clothing", "gambling"),
    *("savings", "retirement", "salary", "other_income", "internal_transfer", "uncategorised"),
)
DAYS = tuple(
    map(
        date.fromisoformat,
        ("2024-02-29", "2026-01-31", "2026-02-28", "2026-03-30", "2026-04-01", "2026-12-31"),
    )
)


#: What a budget can be for.
PLANNED = CODES[:10]
METHODS = ("zero-based", "percentage", "last-period", "learned")
CYCLES = ("semi-monthly", "fortnightly", "weekly", "last-working-day")
UNDECIDED = 0.4
#: How often somebody has a salary, rent and so on every month.
REGULAR = 0.7
#: Smallest, everyday and largest amounts, in minor units.
RANGES = ((-90, 90), (-90_000, 60_000), (-(10**13), 10**13))
NOTHING = Facts(DAYS[0], "EUR", ())
ONLY_REFUNDS = Facts(DAYS[2], "JPY", (Purchase(DAYS[2], 500, "coffee", "JPY"),), monthly_income=1000)
ONLY_ABROAD = Facts(DAYS[3], "EUR", (Purchase(DAYS[3], -500, "coffee", "USD"),), monthly_income=1)
NO_INCOME = Facts(
    DAYS[5], "KWD", tuple(Purchase(DAYS[5] - timedelta(days=ago), -7, "rent", "KWD") for ago in range(99))
)


def draw_households(count: int) -> list[Facts]:
    """So many different households, the same in every run, the odd ones among them."""
    return [
        NOTHING,
        ONLY_REFUNDS,
        ONLY_ABROAD,
        NO_INCOME,
        *(draw_household(Random(seed)) for seed in range(count)),  # noqa: S311 - nobody keeps a secret in it
    ]


def draw_household(chance: Random) -> Facts:
    """Salary and bills by the month, purchases at random, some abroad, some ahead of today."""
    today, currency = chance.choice(DAYS), chance.choice(("EUR", "JPY", "KWD"))
    history = chance.choice((5, 40, 100, 150, 200, 800))
    low, high = chance.choice(RANGES)
    at_random = [
        Purchase(
            today - timedelta(days=chance.randint(-10, history)),
            chance.randint(low, high),
            chance.choice(CODES),
            chance.choice((*(currency,) * 9, "USD")),
        )
        for _ in range(chance.randint(0, 80))
    ]
    by_month = [
        Purchase(day, sign * chance.randint(low // 2, low // 3), code, currency)
        for code, sign, due in (
            ("salary", -1, 28),
            ("rent", 1, 1),
            ("electricity", 1, 31),
            ("streaming", 1, 12),
        )
        if chance.random() < REGULAR
        for day in _days_of_month(today, history, due + chance.randint(-1, 2))
    ]
    purchases = (*at_random, *by_month)
    return Facts(
        today,
        currency,
        purchases,
        chance.choice(("50/30/20", "60/20/20", *METHODS)),
        chance.choice((None, None, None, chance.randint(0, 10**6))),
        **_draw_choices(chance, today, max(1, abs(low)), purchases),
    )


def _draw_choices(chance: Random, today: date, size: int, purchases: Sequence[Purchase]) -> dict[str, Any]:
    """What the user decided; half of the users have decided nothing."""
    if chance.random() < UNDECIDED:
        return {}
    kind = chance.choice(("monthly", *CYCLES))
    pay_day = chance.randint(1, 15 if kind == "semi-monthly" else 31)
    by_category = {
        code: Choice(
            chance.choice((None, chance.randint(0, size))),
            chance.choice((None, chance.randint(0, 6000))),
            chance.choice(("none", "surplus", "both")),
        )
        for code in chance.sample(PLANNED, chance.randint(0, 5))
    }
    moves = tuple(
        ManualMove(
            today - timedelta(days=chance.randint(-20, 60)),
            *_two(chance),
            chance.randint(1, size),
        )
        for _ in range(chance.randint(0, 3))
    )
    return {
        "cycle": Cycle(kind, pay_day, date(2024, 1, 1) + timedelta(days=chance.randint(0, 13))),
        "moves_mode": chance.choice(("auto", "auto", "suggest", "off")),
        "day_rule": chance.choice(("spread", "carry", "save")),
        "is_forecast": chance.choice((True, False)),
        "choices": by_category,
        "manual_moves": moves,
        "commitments": tuple(
            Commitment(
                today - timedelta(days=chance.randint(-40, 90)),
                chance.randint(1, size),
                chance.choice(PLANNED),
                chance.choice((None, chance.randrange(len(purchases)) if purchases else None)),
            )
            for _ in range(chance.randint(0, 6))
        ),
        "joined": today - timedelta(days=chance.randint(0, 40)),
        "profiles": {
            code: Profile(*(tuple(chance.randint(1, 900) for _ in range(cells)) for cells in (7, 31, 12)))
            for code in chance.sample(PLANNED, chance.choice((0, 3, len(PLANNED))))
        },
    }


def _two(chance: Random) -> tuple[str, str]:
    """A giver and a receiver."""
    giver, receiver = chance.sample(PLANNED, 2)
    return giver, receiver


def _days_of_month(today: date, history: int, due: int) -> list[date]:
    days = (today - timedelta(days=ago) for ago in range(history))
    return [day for day in days if day.day == max(1, min(due, 28))]


def move_in(warehouse: Warehouse, facts: Facts) -> UUID:
    """Make the facts a user's and queue the user for a build on the facts' day."""
    user = make_user(warehouse, currency=facts.currency)
    with warehouse.transaction() as connection:
        _decide(connection, user.user_id, facts)
        keys = add_purchases(connection, user.user_id, facts.purchases)
        owed = [
            {
                "user_id": user.user_id,
                "category_code": each.category,
                "due_date": each.due,
                "amount_minor": each.amount,
                "transaction_id": None if each.paid_by is None else keys[each.paid_by],
            }
            for each in facts.commitments
        ]
        if owed:
            connection.execute(insert(commitments), owed)
        enqueue(connection, user.user_id, facts.today)
    return user.user_id


def _decide(connection: Connection, user_id: UUID, facts: Facts) -> None:
    """What the user decided about the plan and its categories."""
    connection.execute(
        update(users)
        .where(users.c.user_id == user_id)
        .values(created_at=datetime.combine(facts.joined, time(12), ZoneInfo("Europe/Sofia")))
    )
    connection.execute(
        update(budget_settings)
        .where(budget_settings.c.user_id == user_id)
        .values(
            method=facts.method,
            monthly_income_minor=facts.monthly_income,
            cycle=facts.cycle.kind,
            pay_day=facts.cycle.pay_day,
            cycle_anchor=facts.cycle.anchor,
            moves_mode=facts.moves_mode,
            day_rule=facts.day_rule,
            is_forecast=facts.is_forecast,
        )
    )
    said = [
        {
            "user_id": user_id,
            "category_code": code,
            "allotted_minor": choice.allotted,
            "share_bp": choice.share_bp,
            "carry": choice.carry,
        }
        for code, choice in facts.choices.items()
    ]
    moves = [
        {
            "user_id": user_id,
            "moved_on": move.day,
            "from_category": move.giver,
            "to_category": move.receiver,
            "amount_minor": move.amount,
        }
        for move in facts.manual_moves
    ]
    learned = [
        {
            "user_id": user_id,
            "category_code": code,
            "learned_on": facts.today,
            "expected_minor": 0,
            "weekday_weights": list(profile.weekdays),
            "day_weights": list(profile.days),
            "season_weights": list(profile.season),
            "periods_seen": 1,
            "own_share": 0.5,
        }
        for code, profile in facts.profiles.items()
    ]
    for table, rows in ((category_budgets, said), (budget_moves, moves), (spending_profiles, learned)):
        if rows:
            connection.execute(insert(table), rows)


def enqueue(connection: Connection, user_id: UUID, today: date) -> None:
    """Queue a user as the caller of a build does."""
    version = connection.execute(
        text("select version from ops.user_versions where user_id = :user_id"), {"user_id": user_id}
    ).scalar_one_or_none()
    connection.execute(insert(build_queue).values(user_id=user_id, version=version or 0, today=today))


def add_purchases(connection: Connection, user_id: UUID, purchases: Sequence[Purchase]) -> list[UUID]:
    """One transaction per purchase, the category said by the user and by the model in turns; their keys."""
    if not purchases:
        return []
    account_ids = {currency: uuid4() for currency in {each.currency for each in purchases}}
    rows = [_transaction(user_id, account_ids[each.currency], each) for each in purchases]
    said = [
        {"user_id": user_id, "transaction_id": row["transaction_id"], "category_code": each.category}
        for row, each in zip(rows, purchases, strict=True)
    ]
    by_model = {"suggested_code": "coffee", "probability": 0.5, "model_name": "m", "model_version": "1"}
    connection.execute(
        insert(accounts),
        [
            {"user_id": user_id, "account_id": key, "account_ref": str(key), "currency": currency}
            for currency, key in account_ids.items()
        ],
    )
    connection.execute(insert(transactions), rows)
    connection.execute(insert(category_decisions), said[::2])
    if said[1::2]:
        connection.execute(insert(category_predictions), [one | by_model for one in said[1::2]])
    return [UUID(str(row["transaction_id"])) for row in rows]


def _transaction(user_id: UUID, account_id: UUID, purchase: Purchase) -> dict[str, object]:
    transaction_id = uuid4()
    return {
        "user_id": user_id,
        "transaction_id": transaction_id,
        "account_id": account_id,
        "booked_date": purchase.day,
        "spent_date": purchase.day,
        "amount_minor": purchase.amount,
        "currency": purchase.currency,
        "status": "posted",
        "description": purchase.category,
    }
