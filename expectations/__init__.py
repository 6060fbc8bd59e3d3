"""Great Expectations: what incoming records must be before they enter ``raw``."""
