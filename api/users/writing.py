"""What users change about themselves."""

from __future__ import annotations

from typing import LiteralString

import psycopg
from psycopg.types.json import Jsonb

from api.auth.links import VERIFY_MINUTES, forget_links, mail_link
from api.auth.service import SignIn
from api.auth.sessions import check_recent
from api.auth.tokens import Principal
from api.database import Work
from api.documents import read_own_write
from api.errors import AddressTakenError, InvalidRequestError, WrongAmountError
from api.users.queries import ME, ME_WITHOUT_MARTS
from api.users.schemas import MeChange
from warehouse.money import Money, MoneyError

_CHANGE_USER: LiteralString = """
update app.users
set
    display_name = coalesce(%(name)s, display_name),
    country = coalesce(%(country)s, country),
    timezone = coalesce(%(timezone)s, timezone),
    currency = coalesce(%(currency)s, currency)
where user_id = %(user_id)s
returning currency
"""
_IS_ANOTHER_EMAIL: LiteralString = """
select email <> %(email)s from app.users where user_id = %(user_id)s
"""
_CHANGE_EMAIL: LiteralString = """
update app.users set email = %(email)s, email_verified_at = null
where user_id = %(user_id)s
"""
_TELL_OLD_ADDRESS: LiteralString = """
insert into ops.outbox (user_id, kind, recipient, payload)
select user_id, 'email_changed', email, '{}' from app.users
where user_id = %(user_id)s
"""
_CHANGE_BUDGET: LiteralString = """
insert into app.budget_settings (user_id, method, monthly_income_minor)
values (%(user_id)s, coalesce(%(method)s, '50/30/20'), %(income_minor)s)
on conflict (user_id) do update
set
    method = coalesce(%(method)s, budget_settings.method),
    monthly_income_minor = coalesce(%(income_minor)s, budget_settings.monthly_income_minor),
    updated_at = now()
"""
_CHANGE_PREFERENCES: LiteralString = """
insert into app.preferences (user_id, region, savings_goal_minor, settings)
values (%(user_id)s, %(region)s, %(savings_minor)s, %(settings)s)
on conflict (user_id) do update
set
    region = coalesce(excluded.region, preferences.region),
    savings_goal_minor = coalesce(excluded.savings_goal_minor, preferences.savings_goal_minor),
    settings = preferences.settings || excluded.settings,
    updated_at = now()
"""

_HAS_MARTS: LiteralString = "select to_regclass('marts.fct_monthly_cash_flow') is not null"


async def change_me(work: Work, user: Principal, given: MeChange, sign_in: SignIn) -> bytes:
    """Change what was sent and give the user as the client reads it."""
    if given.email is not None:
        await _change_email(work, user, given.email, sign_in)
    row = await work.row(
        _CHANGE_USER,
        user_id=user.user_id,
        name=given.name,
        country=given.country,
        timezone=given.timezone,
        currency=given.currency,
    )
    try:
        await _change_money(work, user, given, str((row or ("EUR",))[0]))
    except MoneyError:
        raise WrongAmountError from None
    await work.audit("profile_changed", fields=sorted(given.model_fields_set))
    (built,) = await work.row(_HAS_MARTS) or (False,)
    return await read_own_write(work, user, ME if built else ME_WITHOUT_MARTS) or b"null"


async def _change_money(work: Work, user: Principal, given: MeChange, currency: str) -> None:
    def minor(amount: object) -> int | None:
        return None if amount is None else Money.of(amount, currency).minor  # type: ignore[arg-type]

    Money.of(0, currency)  # raises for what is no currency
    if given.budget_method is not None or given.income is not None:
        try:
            await work.run(
                _CHANGE_BUDGET,
                user_id=user.user_id,
                method=given.budget_method,
                income_minor=minor(given.income),
            )
        except psycopg.errors.CheckViolation:
            invalid = {"field": "body.budget_method", "message": "is not a method", "type": "method"}
            raise InvalidRequestError({"validation_errors": [invalid]}) from None
    await work.run(
        _CHANGE_PREFERENCES,
        user_id=user.user_id,
        region=given.region,
        savings_minor=minor(given.savings_goal),
        settings=Jsonb(given.settings()),
    )


async def _change_email(work: Work, user: Principal, email: str, sign_in: SignIn) -> None:
    """The old address is told, the new one has to be verified; raises SignInAgainError."""
    (is_another,) = await work.row(_IS_ANOTHER_EMAIL, user_id=user.user_id, email=email) or (False,)
    if not is_another:
        return
    await check_recent(work, user)
    await work.run(_TELL_OLD_ADDRESS, user_id=user.user_id)
    try:
        await work.run(_CHANGE_EMAIL, user_id=user.user_id, email=email)
    except psycopg.errors.UniqueViolation:
        raise AddressTakenError from None
    await forget_links(work, user.user_id)  # one to the old address would verify the new one
    await mail_link(work, user.user_id, "verify_email", VERIFY_MINUTES, sign_in.app_url)
    await work.audit("email_changed")
