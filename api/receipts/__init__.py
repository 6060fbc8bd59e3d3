"""Receipts: photos are left here, and what became of them is read."""
