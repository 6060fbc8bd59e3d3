"""Whom a line paid, as the model reads it"""

from __future__ import annotations

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

# As in 0009, and the merchant beside it, whoever's word the category is.
STANDING_CATEGORIES = """
create or replace view app.standing_categories with (security_invoker = true) as
select
    line.user_id, line.transaction_id,
    case
        when decided.category_code is not null then decided.category_code
        when effect.category_code is not null then effect.category_code
        when remembered.category_code is not null then remembered.category_code
        when predicted.category_code is not null then predicted.category_code
        else 'uncategorised'
    end as category_code,
    case
        when decided.category_code is not null then 'user'
        when effect.category_code is not null then 'rule'
        when remembered.category_code is not null then 'memory'
        when predicted.category_code is not null then predicted.origin
        else 'none'
    end as category_origin,
    case
        when decided.category_code is not null or effect.category_code is not null then null
        when remembered.category_code is not null then remembered.probability
        else predicted.probability
    end as category_probability,
    case
        when decided.category_code is not null then 'you said so'
        when effect.category_code is not null then 'your rule "' || effect.rule_name || '"'
        when remembered.category_code is not null then
            'you put ' || remembered.times || ' of ' || remembered.of_times || ' earlier lines of '
            || case when remembered.is_same_name then 'this merchant' else 'a merchant of this name' end
            || ' here'
        when predicted.category_code = 'uncategorised' then
            'not sure enough: ' || predicted.suggested_code || ' is the best guess with '
            || round(predicted.probability * 100) || ' %'
        when predicted.category_code is not null then
            case predicted.origin when 'llm' then 'the language model' else 'the model' end
            || ' reads it in the text with ' || round(predicted.probability * 100) || ' %'
        else 'nobody has said yet'
    end as category_reason,
    case when decided.category_code is null then effect.rule_id end as rule_id,
    case
        when coalesce(decided.category_code, effect.category_code, remembered.category_code) is null
            then predicted.model_name
    end as model_name,
    case
        when coalesce(decided.category_code, effect.category_code, remembered.category_code) is null
            then predicted.model_version
    end as model_version,
    predicted.suggested_code,
    coalesce(decided.decided_at, effect.decided_at, remembered.remembered_at, predicted.predicted_at)
        as decided_at,
    -- How many of Postgres' transactions ago any of this was written, by which clients sync.
    least(
        age(decided.written_in), effect.transactions_ago, age(remembered.written_in), age(predicted.xmin)
    ) as transactions_ago{merchant}
from app.transactions as line
left join app.decided_categories as decided
    on line.user_id = decided.user_id and line.transaction_id = decided.transaction_id
left join app.rule_effects as effect
    on line.user_id = effect.user_id
    and line.transaction_id = effect.transaction_id
    and effect.category_code is not null
left join (
    select distinct on (matched.user_id, matched.transaction_id) matched.*, matched.xmin as written_in
    from app.memory_matches as matched
    order by matched.user_id, matched.transaction_id, matched.remembered_at desc, matched.application_id
) as remembered
    on line.user_id = remembered.user_id and line.transaction_id = remembered.transaction_id
left join ml.category_predictions as predicted
    on line.user_id = predicted.user_id and line.transaction_id = predicted.transaction_id
"""


def upgrade() -> None:
    op.execute("alter table ml.category_predictions add column if not exists merchant text")
    op.execute(STANDING_CATEGORIES.format(merchant=",\n    predicted.merchant"))


def downgrade() -> None:
    """The column stays behind the view, which cannot lose one; nothing reads it."""
