"""Kinds of households by what their money does, and cohorts in which nobody can be found."""
