{#-
    The colour of spent against planned: green below 0.80, yellow to 1.00, red above; with nothing planned,
    green if nothing was spent, else red. Integers only, hence the fifths.
-#}
{% macro plan_status(planned_minor, spent_minor) -%}
    case
        when {{ spent_minor }} <= 0 then 'green'
        when {{ spent_minor }} * 5 < {{ planned_minor }} * 4 then 'green'
        when {{ spent_minor }} <= {{ planned_minor }} then 'yellow'
        else 'red'
    end
{%- endmacro %}

{#- The same as a function, for readers that sum up rows of the plan themselves. -#}
{% macro create_plan_status() -%}
    create or replace function marts.plan_status(planned_minor bigint, spent_minor bigint) returns text
    language sql immutable parallel safe
    return {{ plan_status('planned_minor', 'spent_minor') }};
    revoke all on function marts.plan_status(bigint, bigint) from public;
    grant execute on function marts.plan_status(bigint, bigint) to mita_api, mita_analyst
{%- endmacro %}
