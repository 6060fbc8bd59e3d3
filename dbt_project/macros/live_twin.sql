{#-
    The live twin of a mart: the same models, for one user and now. Each step's own text is taken from the
    project and becomes a CTE; what it reads of other steps are those CTEs, and what it reads of the staging
    layer is the one user's part, found by index. So there is one definition of a figure, and unit tests,
    lineage and contract of the steps speak for the twin as well.

    steps: models in the order in which they build on each other, the mart last. facts: staging models with
    a user_id. shared: relations without one.
-#}
{% macro live_twin(steps, facts, shared) -%}
    {%- set queue = ref('stg_ops__build_queue') -%}
    {%- set replaced = [] -%}
    {%- for step in steps -%}
        {%- do replaced.append((ref(step) | string, step)) -%}
    {%- endfor -%}
    {%- for fact in facts -%}
        {%- do replaced.append((ref(fact) | string, '(select * from ' ~ ref(fact) ~ ' where user_id = $1)')) -%}
    {%- endfor -%}
    {%- for relation in shared -%}
        {%- do replaced.append((ref(relation) | string, ref(relation) | string)) -%}
    {%- endfor -%}
    {%- do replaced.append((queue | string, 'reader')) -%}
    {%- if execute -%}
with reader as (
    select
        users.user_id,
        0::bigint as version,
        coalesce($4, (now() at time zone users.timezone)::date) as today,
        $2 as wanted_from,
        $3 + 1 as wanted_until
    from {{ ref('stg_app__users') }} as users
    -- With the owner's rights, hence only for the user who signed in or for the pipeline itself.
    where users.user_id = $1 and (session_user <> 'mita_api' or users.user_id = app.current_user_id())
),
        {%- for step in steps %}

{{ step }} as (
            {%- set text = namespace(sql=render(graph.nodes['model.mita.' ~ step].raw_code)) -%}
            {%- for relation, name in replaced -%}
                {%- set text.sql = text.sql.replace(relation, name) -%}
            {%- endfor %}
{{ text.sql }}
){{ ',' if not loop.last }}
        {%- endfor %}
    {%- endif %}
{%- endmacro %}

{#- A function of a user, the first and the last day, and the date to reckon for (today if null). -#}
{% materialization live_twin, adapter='postgres' %}
    {%- set mart = config.require('mart') -%}
    {%- set columns = graph.nodes['model.mita.' ~ mart].columns -%}
    {%- set names = columns.keys() | join(', ') -%}
    {%- set typed = [] -%}
    {%- for column in columns.values() -%}
        {%- do typed.append(column.name ~ ' ' ~ column.data_type) -%}
    {%- endfor -%}
    {#- A function outlives a renaming of its database. -#}
    {%- set own_database = '"' ~ this.database ~ '".' -%}
    {%- set signature = this ~ '(uuid, date, date, date)' -%}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {%- call statement('main') -%}
        drop function if exists {{ signature }};
        create function {{ this }} (
            person uuid, first_day date, last_day date, as_of date default null
        )
        returns table ({{ typed | join(', ') }})
        language sql stable security definer rows 500
        set search_path = '' set enable_nestloop = off set jit = off set plan_cache_mode = force_generic_plan
        as $twin$
        {{ sql | replace(own_database, '') }}
        select {{ names }} from {{ mart }}
        where {{ config.require('day') }} between $2 and $3
        $twin$;
        revoke all on function {{ signature }} from public;
        grant execute on function {{ signature }} to mita_api
    {%- endcall -%}
    {%- do adapter.commit() -%}
    {{ return({'relations': []}) }}
{% endmaterialization %}

{#-
    What readers ask: the table where it is as new as the user's facts and day, else the twin. Neither is
    touched when the other answers.
-#}
{% materialization served_mart, adapter='postgres' %}
    {%- set mart = config.require('mart') -%}
    {%- set columns = graph.nodes['model.mita.' ~ mart].columns -%}
    {%- set names = columns.keys() | join(', ') -%}
    {%- set typed = [] -%}
    {%- for column in columns.values() -%}
        {%- do typed.append(column.name ~ ' ' ~ column.data_type) -%}
    {%- endfor -%}
    {#- A function outlives a renaming of its database. -#}
    {%- set own_database = '"' ~ this.database ~ '".' -%}
    {%- set signature = this ~ '(uuid, date, date)' -%}
    {%- call statement('main') -%}
        drop function if exists {{ signature }};
        create function {{ this }} (person uuid, first_day date, last_day date)
        returns table ({{ typed | join(', ') }})
        language plpgsql stable rows 500
        as $served$
        #variable_conflict use_column
        begin
            if ops.marts_are_current(person) then
                return query select {{ names }} from {{ ref(mart) | string | replace(own_database, '') }}
                where user_id = person and {{ config.require('day') }} between first_day and last_day;
            else
                return query select * from {{ ref(config.require('twin')) | string | replace(own_database, '') }} (person, first_day, last_day);
            end if;
        end
        $served$;
        revoke all on function {{ signature }} from public;
        grant execute on function {{ signature }} to mita_api
    {%- endcall -%}
    {%- do adapter.commit() -%}
    {{ return({'relations': []}) }}
{% endmaterialization %}

{#- What all twins stand on. -#}
{% macro live_plan(mart) -%}
    {{ live_twin(
        steps=[
            'int_plan_users',
            'int_plan_periods',
            'int_own_categories',
            'int_linked_categories',
            'int_transactions',
            'int_daily_amounts',
            'int_daily_spending',
            'int_period_income',
            'int_seed_weights',
            'int_category_history',
            'int_group_budgets',
            'int_category_weights',
            'int_commitments',
            'int_day_weights',
            'int_category_budgets',
            'int_available_days',
            'int_redistribution',
        ] + mart,
        facts=[
            'stg_app__budget_settings',
            'stg_app__category_budgets',
            'stg_app__budget_moves',
            'stg_app__commitments',
            'stg_app__transactions',
            'stg_app__standing_categories',
            'stg_ml__spending_profiles',
            'stg_app__transaction_links',
            'stg_app__split_lines',
            'stg_app__accounts',
            'stg_app__users',
        ],
        shared=[
            'categories',
            'currencies',
            'fixed_rates',
            'int_exchange_rates',
            'regional_budget_weights',
            'int_budget_methods',
        ],
    ) }}
{%- endmacro %}
