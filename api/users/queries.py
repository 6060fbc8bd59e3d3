"""The caller, as JSON."""

from __future__ import annotations

from typing import LiteralString

from api.documents import Document
from api.income import INCOME_MINOR


def _me(income_minor: LiteralString) -> Document:
    """What is known of the caller; settings that nobody can make yet have the client's own defaults."""
    return Document(f"""
select json_build_object(
    'id', reader.user_id,
    'email', reader.email,
    'name', reader.display_name,
    'income', {income_minor} * reader.unit,
    'income_is_stated', settings.monthly_income_minor is not null,
    'savings_goal', coalesce(chosen.savings_goal_minor, 0) * reader.unit,
    'budget_method', coalesce(settings.method, '50/30/20'),
    'currency', reader.currency,
    'region', chosen.region,
    'country', reader.country,
    'timezone', reader.timezone,
    'has_onboarded', settings.monthly_income_minor is not null or known.accounts,
    'notifications_enabled', coalesce((chosen.settings ->> 'notifications')::bool, false),
    'dark_mode_enabled', coalesce((chosen.settings ->> 'dark_mode')::bool, false),
    'settings', coalesce(chosen.settings, '{{}}'),
    'member_since', to_char(reader.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    'profile_completion', 100 * (
        1
        + (reader.display_name <> '')::int
        + (reader.country <> '')::int
        + (settings.monthly_income_minor is not null)::int
        + known.accounts::int
    ) / 5,
    'verified_email', reader.email_verified_at is not null,
    'is_premium', reader.is_premium
) as document
from reader
left join app.budget_settings as settings on reader.user_id = settings.user_id
left join app.preferences as chosen on reader.user_id = chosen.user_id
cross join lateral (
    select exists (
        select from app.accounts where accounts.user_id = reader.user_id
    ) as accounts
) as known
""")  # noqa: S608 - parts of our own


ME = _me(INCOME_MINOR)
#: Before marts were ever built, the income is what was stated.
ME_WITHOUT_MARTS = _me("coalesce(settings.monthly_income_minor, 0)")

#: In the client's shape: somebody without a subscription has none. Premium is granted by whoever runs the
#: platform, without an end; the client parses a date there. Nobody is told of others.
PREMIUM = Document("""
select json_build_object(
    'is_premium', reader.is_premium,
    'subscription', case when reader.is_premium then json_build_object(
        'subscription_id', reader.user_id, 'product_id', 'premium', 'status', 'active', 'platform', 'granted',
        'expires_at', '9999-12-31T00:00:00Z', 'auto_renew', false, 'trial_period', false
    ) end
) as document
from reader
where reader.user_id = %(asked)s::uuid
""")
#: What the scope of a premium user's tokens opens.
PREMIUM_FEATURES = Document("""
select json_build_object(
    'features', case when reader.is_premium then array['more_requests'] else array[]::text[] end
) as document
from reader
where reader.user_id = %(asked)s::uuid
""")
#: Purchases within the app are still to come.
SUBSCRIPTIONS = Document("select '[]'::json as document from reader where reader.user_id = %(asked)s::uuid")
