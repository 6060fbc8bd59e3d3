{#-
    With the choice that over- and underspent days carry to the next: what the opening day and the days after
    it may have used up by the end of the period's so-manieth day. The plan of the period, less what was spent;
    it ends at all that is left.
-#}
{% macro carried_until(position, weight_until) -%}
    least(
        left_minor,
        greatest(
            {{ planned_until('(left_minor + flexible_minor)', 'days_in_plan', '(' ~ position ~ ')', weight_until) }}
            - flexible_minor,
            0
        )
    )
{%- endmacro %}
