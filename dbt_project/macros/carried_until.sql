{#-
    With the choice that over- and underspent days carry to the next: what the opening day and the days after
    it may have used up by the end of the period's so-manieth day. The plan of the period, evenly, less what
    was spent; it ends at all that is left.
-#}
{% macro carried_until(position) -%}
    least(
        left_minor,
        greatest({{ even_until('(left_minor + flexible_minor)', 'days_in_plan', '(' ~ position ~ ')') }} - flexible_minor, 0)
    )
{%- endmacro %}
