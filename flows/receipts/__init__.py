"""Receipts from file to fields: opening untrusted images, reading them, measuring how well."""
