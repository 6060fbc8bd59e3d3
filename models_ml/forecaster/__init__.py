"""Forecasts of spending and balance by day: quantiles from a person's own rhythm and what is left unsure."""
