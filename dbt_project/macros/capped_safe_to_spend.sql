{#-
    What of the plan is safe to spend today: what it leaves, at most what the forecast balance bears before the next
    income, less what was spent since that was forecast. Without a forecast there is no cap: greatest() passes over
    nulls and would make one of zero.
-#}
{% macro capped_safe_to_spend(planned_safe_minor, spent_minor, cap_minor, spent_then_minor) -%}
    case
        when {{ cap_minor }} is null then {{ planned_safe_minor }}
        else least(
            {{ planned_safe_minor }},
            greatest(
                {{ cap_minor }} - greatest(coalesce({{ spent_minor }}, 0) - coalesce({{ spent_then_minor }}, 0), 0), 0
            )
        )
    end
{%- endmacro %}

{#- The same as a function, for readers whose plan is newer than the forecast. -#}
{% macro create_capped_safe_to_spend() -%}
    create or replace function marts.capped_safe_to_spend(
        planned_safe_minor bigint, spent_minor bigint, cap_minor bigint, spent_then_minor bigint
    ) returns bigint
    language sql immutable parallel safe
    return {{ capped_safe_to_spend('planned_safe_minor', 'spent_minor', 'cap_minor', 'spent_then_minor') }};
    revoke all on function marts.capped_safe_to_spend(bigint, bigint, bigint, bigint) from public;
    grant execute on function marts.capped_safe_to_spend(bigint, bigint, bigint, bigint) to mita_api, mita_analyst
{%- endmacro %}
