"""How a user's spending on a category usually falls on weekdays, days of the month and months."""
