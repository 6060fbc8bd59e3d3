{#-
    What "spending" means, everywhere: money of a need or want. Money in lowers it, because it is a refund
    in its category, except where nobody knows the category: unexplained money in is not a refund of
    anything, and fct_plan_gaps tells of it. Transfers, income and savings are not spending.
-#}
{% macro is_spending(group_code, category_code, amount_minor) -%}
    ({{ group_code }} in ('need', 'want') and not {{ is_unexplained_income(category_code, amount_minor) }})
{%- endmacro %}

{% macro is_unexplained_income(category_code, amount_minor) -%}
    ({{ category_code }} = 'uncategorised' and {{ amount_minor }} > 0)
{%- endmacro %}
