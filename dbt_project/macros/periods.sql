{#-
    Periods by cycle. `settings` names a relation with cycle, pay_day and cycle_anchor; `month` is the first day
    of a calendar month. A period begins on each pay day: day N of the month, or N and N + 15, clamped to the
    month's length; the last Monday-to-Friday of the month; or every 7 or 14 days from an anchor.
-#}
{% macro clamped_day(month, day) -%}
    least({{ month }} + {{ day }}, {{ add_months(month, 1) }}) - 1
{%- endmacro %}

{% macro start_in_month(settings, month) -%}
    case {{ settings }}.cycle
        when 'last-working-day'
            then {{ add_months(month, 1) }} - 1
                - greatest(extract(isodow from {{ add_months(month, 1) }} - 1)::integer - 5, 0)
        else {{ clamped_day(month, settings ~ '.pay_day') }}
    end
{%- endmacro %}

{#- The first day of the period that a day falls into. -#}
{% macro period_start_of(settings, day) -%}
    case
        when {{ settings }}.cycle in ('weekly', 'fortnightly')
            then {{ day }} - mod(
                mod({{ day }} - {{ settings }}.cycle_anchor, {{ cycle_days(settings) }}) + {{ cycle_days(settings) }},
                {{ cycle_days(settings) }}
            )
        when {{ settings }}.cycle = 'monthly' and {{ settings }}.pay_day = 1 then {{ month_of(day) }}
        when
            {{ settings }}.cycle = 'semi-monthly'
            and {{ clamped_day(month_of(day), settings ~ '.pay_day + 15') }} <= {{ day }}
            then {{ clamped_day(month_of(day), settings ~ '.pay_day + 15') }}
        when {{ start_in_month(settings, month_of(day)) }} <= {{ day }}
            then {{ start_in_month(settings, month_of(day)) }}
        when {{ settings }}.cycle = 'semi-monthly'
            then {{ clamped_day(add_months(month_of(day), -1), settings ~ '.pay_day + 15') }}
        else {{ start_in_month(settings, add_months(month_of(day), -1)) }}
    end
{%- endmacro %}

{% macro cycle_days(settings) -%}
    case {{ settings }}.cycle when 'weekly' then 7 else 14 end
{%- endmacro %}
