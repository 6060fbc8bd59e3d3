{{ config(materialized='served_mart', mart='fct_daily_plan', twin='live_daily_plan', day='plan_date') }}

-- depends_on: {{ ref('fct_daily_plan') }}
-- depends_on: {{ ref('live_daily_plan') }}
