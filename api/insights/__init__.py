"""What the figures mean: categories for a text, and figures that are still to come."""
