"""The one family of errors that a person can act on."""

from __future__ import annotations


class ActionableError(Exception):
    """Something that its reader can mend; the message says what, where and what to do."""
