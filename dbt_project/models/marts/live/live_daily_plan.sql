{{ config(materialized='live_twin', mart='fct_daily_plan', day='plan_date', pre_hook=create_plan_status()) }}

{{ live_plan(['int_daily_plan', 'fct_daily_plan']) }}
