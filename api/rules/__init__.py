"""Rules, memory and recurring series."""
