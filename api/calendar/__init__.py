"""The month's calendar."""
