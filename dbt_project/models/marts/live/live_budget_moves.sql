{{ config(materialized='live_twin', mart='fct_budget_moves', day='moved_on') }}

{{ live_plan(['int_plan_shifts', 'fct_budget_moves']) }}
