{#-
    What of a total is for the days from one on and before another, by the learned weights of the days: each day
    gets what the running share, rounded up, grows by, so the parts sum to the whole and each is within a unit
    of its exact share. That is closed form, where largest remainder would need all days of every opening; with
    equal weights and nothing learned it is largest remainder.

    from, until: weights of the period's days before the first and before the day after the last.
-#}
{% macro weighted_until(total, start, until, end) -%}
    div(
        greatest({{ total }}, 0)::numeric * ({{ until }} - {{ start }}) + ({{ end }} - {{ start }} - 1),
        {{ end }} - {{ start }}
    )::bigint
{%- endmacro %}

{#- What of the whole plan of a period is for the days before one, learned or even. -#}
{% macro planned_until(total, parts, parts_until, weight_until) -%}
    case
        when weight_at_end is null then {{ even_until(total, parts, parts_until) }}
        else {{ weighted_until(total, 'weight_at_start', weight_until, 'weight_at_end') }}
    end
{%- endmacro %}
