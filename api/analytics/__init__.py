"""What was spent, by time and category."""
