"""The caller, as JSON."""

from __future__ import annotations

from api.documents import Document

#: What is known of the caller; settings that nobody can make yet have the client's own defaults.
ME = Document("""
select json_build_object(
    'id', reader.user_id,
    'email', reader.email,
    'name', reader.display_name,
    'income', coalesce(settings.monthly_income_minor, 0) * reader.unit,
    'savings_goal', coalesce(chosen.savings_goal_minor, 0) * reader.unit,
    'budget_method', coalesce(settings.method, '50/30/20'),
    'currency', reader.currency,
    'region', chosen.region,
    'country', reader.country,
    'timezone', reader.timezone,
    'has_onboarded', settings.monthly_income_minor is not null or known.accounts,
    'notifications_enabled', coalesce((chosen.settings ->> 'notifications')::bool, false),
    'dark_mode_enabled', coalesce((chosen.settings ->> 'dark_mode')::bool, false),
    'settings', coalesce(chosen.settings, '{}'),
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
""")
