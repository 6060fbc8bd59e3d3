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
