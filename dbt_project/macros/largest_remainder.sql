{#-
    The body of a query that shares `total` out by `weight` within each `partition_by`, so that the parts
    sum to it exactly: everybody gets the whole part of the exact share, and the units left over go to the
    largest remainders, ties to whoever comes first by `tie_break` (Hamilton's method). Integers only.

    relation: a relation or CTE with bigint `total` (the same within a partition) and integer `weight`,
    at least one of them positive. columns: what to keep of it. part: the name of the result, bigint.
-#}
{% macro largest_remainder(relation, columns, total, weight, partition_by, tie_break, part) -%}
    select
        {{ columns | join(', ') }},
        (
            whole_part
            + case
                when
                    row_number() over (
                        partition by {{ partition_by | join(', ') }} order by remainder desc, {{ tie_break }}
                    )
                    <= {{ total }} - sum(whole_part) over (partition by {{ partition_by | join(', ') }})
                    then 1
                else 0
            end
        )::bigint as {{ part }}
    from (
        select
            weighed.*,
            div({{ total }} * weight_exact, weight_sum) as whole_part,
            mod({{ total }} * weight_exact, weight_sum) as remainder
        from (
            select
                to_share.*,
                {{ weight }}::numeric as weight_exact,
                sum({{ weight }}::numeric) over (partition by {{ partition_by | join(', ') }}) as weight_sum
            from {{ relation }} as to_share
        ) as weighed
    ) as divided
{%- endmacro %}

{#-
    The same where all weights are equal: all remainders tie, so the first parts are one unit larger.
    The part at `position` (0 is the first) of `total` >= 0 shared out over `parts` >= 1.
-#}
{% macro equal_share(total, parts, position) -%}
    ({{ total }} / {{ parts }} + case when {{ position }} < {{ total }} % {{ parts }} then 1 else 0 end)
{%- endmacro %}

{#- What the first `parts_until` of `parts` equal shares of `total` come to; nothing of a negative total. -#}
{% macro even_until(total, parts, parts_until) -%}
    (
        greatest({{ total }}, 0) / {{ parts }} * {{ parts_until }}
        + least(greatest({{ total }}, 0) % {{ parts }}, {{ parts_until }})
    )
{%- endmacro %}
