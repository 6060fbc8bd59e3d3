{{ config(materialized='live_twin', mart='fct_daily_totals', day='plan_date') }}

{{ live_plan(['int_daily_plan', 'fct_daily_totals']) }}
