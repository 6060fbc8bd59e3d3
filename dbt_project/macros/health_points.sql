{#-
    A share of what is sound as points from 0 to 100. What is not known has none: least() and greatest() pass over
    nulls, and would make 100 of it.
-#}
{% macro health_points(share) -%}
    case when {{ share }} is not null then round(100 * greatest(least({{ share }}, 1), 0))::integer end
{%- endmacro %}
