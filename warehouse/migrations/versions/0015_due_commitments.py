"""Bills that come again are owed before anybody enters them"""

from __future__ import annotations

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

# What the user entered, then what a series says is to come and what it took: its amount is fixed or it comes
# a month apart or more (the weekly shopping is spending, not a bill), it is sure or confirmed, and the user
# entered nothing of that kind within a week.
DUE_COMMITMENTS = """
create view app.due_commitments with (security_invoker = true) as
with bills as (
    select
        series.user_id, series.series_id, series.category_code, series.name, series.expected_minor,
        series.due_dates, series.status, owner.currency, owner.created_at
    from ml.recurring_series as series
    inner join app.users as owner on series.user_id = owner.user_id and series.currency = owner.currency
    left join app.recurring_words as said
        on series.user_id = said.user_id and series.series_id = said.series_id
    where series.direction = 'out' and series.expected_minor < 0
        and (series.is_fixed or series.period_days >= 25)
        and (said.word = 'confirmed' or said.word is null and series.probability >= 0.9)
)
select
    user_id, commitment_id, transaction_id, category_code, kind, name, amount_minor, due_date, created_at
from app.commitments
union all
select
    bills.user_id, md5(bills.series_id::text || due.day)::uuid, null, bills.category_code, 'bill', bills.name,
    -bills.expected_minor, due.day, bills.created_at
from bills
cross join unnest(bills.due_dates) as due (day)
where bills.status <> 'ended'
    and not exists (
        select from app.commitments as own
        where own.user_id = bills.user_id and own.category_code = bills.category_code
            and own.due_date between due.day - 7 and due.day + 7
    )
union all
select
    bills.user_id, md5(bills.series_id::text || line.transaction_id)::uuid, line.transaction_id,
    bills.category_code, 'bill', bills.name, -line.amount_minor, line.spent_date, bills.created_at
from bills
inner join ml.recurring_occurrences as occurrence
    on bills.user_id = occurrence.user_id and bills.series_id = occurrence.series_id
inner join app.transactions as line
    on occurrence.user_id = line.user_id and occurrence.transaction_id = line.transaction_id
where line.amount_minor < 0 and line.currency = bills.currency and line.deleted_at is null
    and not exists (
        select from app.commitments as own
        where own.user_id = bills.user_id and own.category_code = bills.category_code
            and own.due_date between line.spent_date - 7 and line.spent_date + 7
    )
"""


def upgrade() -> None:
    op.execute(DUE_COMMITMENTS)
    op.execute("grant select on app.due_commitments to mita_pipeline, mita_api")


def downgrade() -> None:
    op.execute("drop view app.due_commitments")
