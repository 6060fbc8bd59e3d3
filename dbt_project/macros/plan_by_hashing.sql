{#-
    A pre-hook for models that join steps of the plan. The planner takes what comes out of windows and full
    joins for a single row, and would compute the next step again for each of them: 576 rows took 60 s.
    Those that read the facts keep their indexes and go without it.
-#}
{% macro plan_by_hashing() -%}
    set local enable_nestloop = off
{%- endmacro %}
