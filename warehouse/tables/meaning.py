"""What money means: forecasts, alerts, insights and cohorts, and what users say of them."""

from __future__ import annotations

from sqlalchemy import Boolean, CheckConstraint, Column, Date, Double, Integer, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from warehouse.tables.base import amount, belongs_to_user, instant, metadata, string, user_id

#: One row per user and day ahead: quantiles of what is spent that day and from now on, and of the balance of
#: the accounts that people spend from (null where no statement told it).
forecast_days = Table(
    "forecast_days",
    metadata,
    user_id(),
    Column("forecast_date", Date, primary_key=True),
    Column("known_until", Date, nullable=False),
    *(
        amount(f"{what}_p{level}_minor", nullable=what == "balance")
        for what in ("spent", "spent_until", "balance")
        for level in (10, 50, 90)
    ),
    string("currency"),
    string("model_version"),
    belongs_to_user(),
    schema="ml",
)

#: For which day of the user's a flow has done its work, so that a late or repeated run does what is missing.
done_days = Table(
    "done_days",
    metadata,
    user_id(),
    Column("work", Text, primary_key=True),
    Column("done_for", Date, nullable=False),
    string("version", default=""),
    instant("done_at", default_now=True),
    belongs_to_user(),
    schema="ops",
)

#: One row per thing that is odd. The key says what it is about in facts, not in ids, so that it is the same
#: after a re-import.
alerts = Table(
    "alerts",
    metadata,
    user_id(),
    Column("alert_key", Text, primary_key=True),
    string("kind"),
    Column("raised_on", Date, nullable=False),
    string("category_code", nullable=True),
    string("merchant", nullable=True),
    amount("amount_minor"),
    amount("usual_minor", nullable=True),
    string("currency"),
    Column("probability", Double, nullable=False),
    Column("usefulness", Double, nullable=False),
    Column("is_shown", Boolean, nullable=False),
    Column("facts", JSONB, nullable=False, server_default=text("'{}'")),
    instant("found_at", default_now=True),
    belongs_to_user(),
    CheckConstraint(
        "kind in ('unusual_amount', 'far_merchant', 'duplicate_charge', 'price_rise', 'missing_income', "
        "'pace')",
        name="kind",
    ),
    CheckConstraint("probability between 0 and 1", name="probability"),
    schema="ml",
)

#: What the user did with an alert; it outlives the alert.
alert_decisions = Table(
    "alert_decisions",
    metadata,
    user_id(),
    Column("alert_key", Text, primary_key=True),
    string("kind"),
    Column("is_useful", Boolean, nullable=False),
    Column("is_dismissed", Boolean, nullable=False, server_default=text("true")),
    instant("decided_at", default_now=True),
    belongs_to_user(),
    schema="app",
)

#: Facts found about a user's money, with the texts that the templates make of them; one that holds no longer
#: has the rank 0.
insights = Table(
    "insights",
    metadata,
    user_id(),
    Column("insight_key", Text, primary_key=True),
    string("kind"),
    Column("found_on", Date, nullable=False),
    Column("last_seen_on", Date, nullable=False),
    Column("rank", Double, nullable=False),
    Column("confidence", Double, nullable=False),
    amount("value_minor"),
    string("currency"),
    Column("facts", JSONB, nullable=False),
    Column("sources", JSONB, nullable=False),
    string("title_en"),
    string("text_en"),
    string("title_bg"),
    string("text_bg"),
    belongs_to_user(),
    CheckConstraint("confidence between 0 and 1", name="confidence"),
    schema="ml",
)

insight_ratings = Table(
    "insight_ratings",
    metadata,
    user_id(),
    Column("insight_key", Text, primary_key=True),
    string("kind"),
    Column("is_useful", Boolean, nullable=False),
    instant("rated_at", default_now=True),
    belongs_to_user(),
    schema="app",
)

#: What a week's advice said, kept as it was sent.
advice_snapshots = Table(
    "advice_snapshots",
    metadata,
    user_id(),
    Column("week_start", Date, primary_key=True),
    Column("language", Text, primary_key=True),
    string("text"),
    string("told_by"),  # template, or the language model's name
    Column("insight_keys", JSONB, nullable=False),
    instant("made_at", default_now=True),
    belongs_to_user(),
    schema="ml",
)

#: How a user's money looked in a month, and the cluster it was nearest to.
cluster_members = Table(
    "cluster_members",
    metadata,
    user_id(),
    Column("month", Date, primary_key=True),
    Column("cluster", Integer, nullable=False),
    Column("distance", Double, nullable=False),
    Column("drift", Double, nullable=True),  # how far the user moved since the month before, in deviations
    Column("features", JSONB, nullable=False),
    string("model_version"),
    belongs_to_user(),
    schema="ml",
)

#: Who lets their figures count among those of others and may see theirs.
cohort_consents = Table(
    "cohort_consents",
    metadata,
    user_id(),
    Column("is_in", Boolean, nullable=False),
    instant("decided_at", default_now=True),
    belongs_to_user(),
    schema="app",
)

#: In which groups a user counted in a month's release, the most particular first, and their own figures.
cohort_members = Table(
    "cohort_members",
    metadata,
    user_id(),
    Column("month", Date, primary_key=True),
    Column("cohorts", JSONB, nullable=False),
    Column("figures", JSONB, nullable=False),
    belongs_to_user(),
    schema="ml",
)

#: Figures of cohorts, frozen when their month was released; nobody's own figures are here.
cohort_releases = Table(
    "cohort_releases",
    metadata,
    Column("month", Date, primary_key=True),
    Column("cohort", Text, primary_key=True),
    Column("measure", Text, primary_key=True),
    Column("people", Integer, nullable=False),  # rounded down, never the number itself
    Column("p25", Double, nullable=False),
    Column("p50", Double, nullable=False),
    Column("p75", Double, nullable=False),
    instant("released_at", default_now=True),
    CheckConstraint("people >= 20", name="people"),
    schema="ml",
)

#: Parameters that a flow fitted on everybody: calibrations, cluster centres, with what was measured.
fitted_parameters = Table(
    "fitted_parameters",
    metadata,
    Column("name", Text, primary_key=True),
    Column("version", Text, primary_key=True),
    Column("document", JSONB, nullable=False),
    instant("fitted_at", default_now=True),
    schema="ml",
)
