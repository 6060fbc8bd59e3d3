{#- The first day of the month, as a date. -#}
{% macro month_of(day) -%}
    date_trunc('month', {{ day }})::date
{%- endmacro %}

{#- A day some months later or earlier, as a date; from a month's first day to another's. -#}
{% macro add_months(day, months) -%}
    ({{ day }} + interval '1 month' * ({{ months }}))::date
{%- endmacro %}
