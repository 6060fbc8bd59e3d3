"""Answers of the beginning, as facts of which the plan is made."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import LiteralString

from psycopg.types.json import Jsonb

from api.auth.tokens import Principal
from api.database import Work
from api.errors import OverspentIncomeError, WrongAmountError
from api.onboarding.schemas import Answers, Onboarded
from warehouse.money import Money, MoneyError, exponent

_KEEP: LiteralString = """
insert into app.onboarding_answers (
    user_id, answers, monthly_income_minor, additional_income_minor, savings_goal_minor, fixed_expenses_minor
)
values (%(user_id)s, %(answers)s, %(income)s, %(additional)s, %(savings)s, %(fixed)s)
on conflict (user_id) do update
set
    answers = excluded.answers,
    monthly_income_minor = excluded.monthly_income_minor,
    additional_income_minor = excluded.additional_income_minor,
    savings_goal_minor = excluded.savings_goal_minor,
    fixed_expenses_minor = excluded.fixed_expenses_minor,
    submitted_at = now()
"""
_INCOME: LiteralString = """
insert into app.budget_settings (user_id, monthly_income_minor) values (%(user_id)s, %(minor)s)
on conflict (user_id) do update set monthly_income_minor = excluded.monthly_income_minor, updated_at = now()
"""
_PERSON: LiteralString = """
update app.users set country = %(country)s, timezone = coalesce(%(timezone)s, timezone)
where user_id = %(user_id)s
"""
_GOAL: LiteralString = """
insert into app.preferences (user_id, region, savings_goal_minor)
values (%(user_id)s, %(region)s, %(savings)s)
on conflict (user_id) do update
set region = coalesce(excluded.region, preferences.region), savings_goal_minor = excluded.savings_goal_minor
"""
#: By our own codes, else by the client's names for categories; what is neither is kept as it was said. A name
#: of which the answers no longer speak is no longer held to them.
_TOLD: LiteralString = """
    select coalesce(own.category_code, client.category_code) as category_code,
        sum(told.minor::bigint)::bigint as minor
    from jsonb_each_text({answers}) as told (name, minor)
    left join marts.dim_categories as own
        on own.category_code = told.name and own.group_code in ('need', 'want', 'saving')
    left join seeds.client_categories as client on client.client_code = told.name
    where coalesce(own.category_code, client.category_code) is not null
    group by 1
"""
_FORGET: LiteralString = f"""
update app.category_budgets as budget set allotted_minor = null, updated_at = now()
from app.onboarding_answers as before, lateral ({_TOLD.format(answers="before.fixed_expenses_minor")}) as told
where before.user_id = %(user_id)s and budget.user_id = before.user_id
    and (budget.category_code = told.category_code and budget.allotted_minor = told.minor
        or budget.category_code = 'savings' and budget.allotted_minor = before.savings_goal_minor)
"""  # noqa: S608 - parts of our own
_ALLOT: LiteralString = f"""
insert into app.category_budgets (user_id, category_code, allotted_minor)
select %(user_id)s, told.category_code, sum(told.minor)::bigint
from (
    {_TOLD.format(answers="%(fixed)s::jsonb")}
    union all
    select 'savings', %(savings)s::bigint
) as told
group by told.category_code
having sum(told.minor) > 0
on conflict (user_id, category_code) do update
set allotted_minor = excluded.allotted_minor, updated_at = now()
"""  # noqa: S608 - parts of our own


async def keep(work: Work, user: Principal, given: Answers) -> Onboarded:
    """Store the answers; raises OverspentIncomeError or WrongAmountError."""
    currency = work.currency
    income, additional = (
        minor(amount, currency) for amount in (given.income.monthly_income, given.income.additional_income)
    )
    savings = minor(given.goals.savings_goal_amount_per_month, currency)
    fixed = {name: minor(amount, currency) for name, amount in given.fixed_expenses.items()}
    left = income + additional - savings - sum(fixed.values())
    if left < 0:
        raise OverspentIncomeError({"missing": float(Money(-left, currency).decimal)})
    key = {"user_id": user.user_id}
    amounts = {"income": income, "additional": additional, "savings": savings, "fixed": Jsonb(fixed)}
    await work.run(_FORGET, **key)
    await work.run(_KEEP, answers=Jsonb(given.as_sent()), **key, **amounts)
    await work.run(_INCOME, minor=income + additional, **key)
    await work.run(_ALLOT, fixed=amounts["fixed"], savings=savings, **key)
    await work.run(_PERSON, country=given.region, timezone=given.timezone, **key)
    region = given.meta.get("stateCode")
    await work.run(_GOAL, region=region if isinstance(region, str) else None, savings=savings, **key)
    await work.audit("onboarded")
    return Onboarded(
        has_onboarded=True,
        monthly_income=float(Money(income + additional, currency).decimal),
        flexible=float(Money(left, currency).decimal),
    )


def minor(amount: Decimal, currency: str) -> int:
    """Minor units of an amount that was typed or computed; raises WrongAmountError for no currency."""
    try:
        decimals = exponent(currency)
    except MoneyError:
        raise WrongAmountError from None
    return int(amount.scaleb(decimals).quantize(Decimal(1), ROUND_HALF_UP))
