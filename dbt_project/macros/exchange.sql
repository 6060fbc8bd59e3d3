{#-
    Units of a currency for one euro on a day: the rate fixed by law, else the last one published on or before the
    day and at most rate_max_age_days old, else null. Never guessed.
-#}
{% macro units_per_euro(currency, day) -%}
    (
        select rates.units_per_euro
        from {{ ref('int_exchange_rates') }} as rates
        where
            rates.currency = {{ currency }}
            and rates.rate_date <= {{ day }}
            and (rates.is_fixed or rates.rate_date >= {{ day }} - {{ var('rate_max_age_days') | int }})
        order by rates.is_fixed desc, rates.rate_date desc
        limit 1
    )
{%- endmacro %}

{#-
    Minor units of one currency as minor units of another, rounded half to even: exact, because numerators and
    denominators are kept apart until the one division.

    from_rate, to_rate: units of each for one euro. from_exponent, to_exponent: their decimals (ISO 4217).
-#}
{% macro converted_minor(amount_minor, from_rate, to_rate, from_exponent, to_exponent) -%}
    {%- set top = '(abs(' ~ amount_minor ~ ')::numeric * ' ~ to_rate ~ ' * power(10::numeric, ' ~ to_exponent ~ '))' -%}
    {%- set bottom = '(' ~ from_rate ~ ' * power(10::numeric, ' ~ from_exponent ~ '))' -%}
    (
        sign({{ amount_minor }}::numeric) * (
            div({{ top }}, {{ bottom }})
            + case
                when 2 * mod({{ top }}, {{ bottom }}) > {{ bottom }} then 1
                when 2 * mod({{ top }}, {{ bottom }}) = {{ bottom }} and mod(div({{ top }}, {{ bottom }}), 2) = 1 then 1
                else 0
            end
        )
    )::bigint
{%- endmacro %}
