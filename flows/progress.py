"""Progress of long work, reported by whoever does it to whoever watches, if anybody does."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Protocol


class Reporter(Protocol):
    """Something that shows progress, such as a bar in the terminal."""

    def __call__(self, step: str, done: int, total: int | None, *, advance: bool) -> None:
        """Show that ``done`` (``advance``: another ``done``) of ``total`` units of ``step`` are done."""


_reporter: ContextVar[Reporter | None] = ContextVar("reporter", default=None)


def report(step: str, done: int, total: int | None = None, *, advance: bool = False) -> None:
    """Tell the watcher, if there is one, how far a step is; total is null while unknown."""
    reporter = _reporter.get()
    if reporter is not None:
        reporter(step, done, total, advance=advance)


@contextlib.contextmanager
def stage(step: str) -> Iterator[None]:
    """Tell the watcher that a step without parts begins, and when it is done."""
    report(step, 0, 1)
    yield
    report(step, 1, 1)


@contextlib.contextmanager
def reported_to(reporter: Reporter) -> Iterator[None]:
    """Send the reports of this block to ``reporter``."""
    token = _reporter.set(reporter)
    try:
        yield
    finally:
        _reporter.reset(token)
