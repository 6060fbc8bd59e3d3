{{ config(materialized='served_mart', mart='fct_budget_moves', twin='live_budget_moves', day='moved_on') }}

-- depends_on: {{ ref('fct_budget_moves') }}
-- depends_on: {{ ref('live_budget_moves') }}
