{#-
    dbt's incremental materialization, with a short way for what is done after every import: the table is
    there and has its columns, indexes, grants, comments and contract from the build that made it, so the
    users' rows are added to it in the transaction that took the old ones away, with no temporary table and
    no questions to the catalogue in between. A changed project is built with --full-refresh (flows.build
    sees to it), and that goes dbt's own way.
-#}
{% materialization incremental, adapter='postgres' %}
    {%- set existing = load_cached_relation(this) -%}
    {%- if existing is none or existing.type != 'table' or flags.FULL_REFRESH -%}
        {{ return(dbt.materialization_incremental_default()) }}
    {%- endif -%}
    {%- set columns = model.columns.keys() | list
        if config.get('contract') and config.get('contract').enforced
        else adapter.get_columns_in_relation(existing) | map(attribute='name') | list -%}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {%- call statement('main') -%}
        insert into {{ existing }} ({{ columns | join(', ') }})
        select {{ columns | join(', ') }} from (
        {{ sql }}
        ) as renewed
    {%- endcall -%}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {%- do adapter.commit() -%}
    {{ return({'relations': [existing]}) }}
{% endmaterialization %}
