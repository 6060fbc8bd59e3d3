{{ config(materialized='served_mart', mart='fct_daily_totals', twin='live_daily_totals', day='plan_date') }}

-- depends_on: {{ ref('fct_daily_totals') }}
-- depends_on: {{ ref('live_daily_totals') }}
