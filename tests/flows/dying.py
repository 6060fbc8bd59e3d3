"""A process that runs a flow and kills itself, as if by ``kill -9``, at a statement that a test chose.

A fork server has the libraries imported, so that a process costs a fork and not seconds of imports.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.context import ForkServerContext, ForkServerProcess

from sqlalchemy import Engine, event

#: What the flows import late; a fork has it from its parent.
PRELOADED = (
    "great_expectations.expectations",
    "expectations.gate",
    "flows.ingest",
    "flows.sync_bank",
    "models_ml.categorizer.predict",
    "models_ml.identity.resolve",
    "models_ml.links.match",
    "models_ml.recurring.find",
    "tests.flows.dying",
)


@contextmanager
def counted_statements() -> Iterator[list[int]]:
    """How many statements are sent to the database within the block."""
    seen = [0]

    def count(*_args: object) -> None:
        seen[0] += 1

    event.listen(Engine, "before_cursor_execute", count)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", count)


def context() -> ForkServerContext:
    """Where such processes come from; the environment of a test is handed to each of them."""
    found = multiprocessing.get_context("forkserver")
    found.set_forkserver_preload(list(PRELOADED))
    return found


def start(statement: int, flow: str, arguments: Sequence[object]) -> ForkServerProcess:
    """A process that ingests, or reads a feed, and dies when the n-th statement is about to be sent."""
    process = context().Process(target=_run, args=(statement, flow, arguments, dict(os.environ)))
    process.start()
    return process


def _run(statement: int, flow: str, arguments: Sequence[object], environment: dict[str, str]) -> None:
    from flows.ingest import ingest
    from flows.sync_bank import sync_bank

    os.environ.clear()
    os.environ.update(environment)
    with counted_statements() as seen:

        def die(*_args: object) -> None:
            if seen[0] == statement:
                os.kill(os.getpid(), signal.SIGKILL)

        event.listen(Engine, "before_cursor_execute", die)
        run = ingest.fn if flow == "ingest" else sync_bank.fn
        run(*arguments, refresh=False)  # type: ignore[arg-type]
