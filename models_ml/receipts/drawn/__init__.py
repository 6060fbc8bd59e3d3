"""Receipts that no shop printed: rows of text with their truth, to learn from and to draw."""
