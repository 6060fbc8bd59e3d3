{#-
    Before an increment is added: the rows of the users it renews go, and of users who are no more. The
    latter are found by hopping from user to user over the index, which begins with user_id.
-#}
{% macro clear_renewed_users() -%}
    {%- set renewed = ref('int_plan_users') -%}
    {%- set users = ref('stg_app__users') -%}
    {%- if is_incremental() -%}
        delete from {{ this }} where user_id in (select user_id from {{ renewed }});
        with recursive
        present as (
            (select user_id from {{ this }} order by user_id limit 1)
            union all
            select (
                select following.user_id from {{ this }} as following
                where following.user_id > present.user_id order by following.user_id limit 1
            )
            from present
            where present.user_id is not null
        )
        delete from {{ this }} where user_id in (
            select user_id from present where user_id is not null
            except
            select user_id from {{ users }}
        );
    {%- endif -%}
{%- endmacro %}

{#-
    Row-level security as on the tables of the migrations: the API sees the user who signed in, analysts see
    all, the owner passes. Only where it is missing, because changing it waits for every reader.
-#}
{% macro secure_rows() -%}
    do $$
    begin
        if not (select relrowsecurity from pg_class where oid = '{{ this }}'::regclass) then
            alter table {{ this }} enable row level security;
            create policy tenant on {{ this }} for select to mita_api
            using (user_id = (select app.current_user_id()));
            create policy analyst on {{ this }} for select to mita_analyst using (true);
        end if;
    end
    $$
{%- endmacro %}
