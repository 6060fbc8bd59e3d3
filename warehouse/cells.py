"""Cells that no spreadsheet takes for a formula (OWASP, CSV injection)."""

from __future__ import annotations

#: What makes a spreadsheet take a text for a formula, or for the beginning of another cell; some take the
#: full-width forms for the plain ones.
DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def harmless(value: object) -> object:
    """Text that begins like a formula with an apostrophe before it; numbers and days stay what they are."""
    if isinstance(value, str) and value.startswith(DANGEROUS):
        return f"'{value}"
    return "" if value is None else value
