"""Clients that were offline."""
