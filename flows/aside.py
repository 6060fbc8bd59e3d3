"""Libraries that take seconds to import, each in a process of its own while the caller does other work.

Great Expectations takes seven seconds to import and dbt four. Where this process has a library loaded
already (the platform's warm process has), its functions run right here instead.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from importlib import import_module
from multiprocessing.connection import wait
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(eq=False)
class Aside:
    """Where the functions of one library run."""

    modules: tuple[str, ...]  # what to import; the first one tells whether the library is loaded
    _pool: ProcessPoolExecutor | None = field(default=None, init=False)

    @property
    def is_loaded(self) -> bool:
        """Whether this process has the library, so that nothing needs to be sent elsewhere."""
        return self.modules[0] in sys.modules

    def start(self, prepare: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
        """Let the library's process import it, then prepare, without waiting for either."""
        if not self.is_loaded and self._pool is None:
            self._process().submit(prepare, *args, **kwargs)

    def call(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """What the function gives, wherever the library is; arguments and result must be picklable."""
        if self.is_loaded:
            return function(*args, **kwargs)
        return self._process().submit(function, *args, **kwargs).result()

    def _process(self) -> ProcessPoolExecutor:
        if self._pool is None:
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(1, context, initializer=_begin, initargs=(self.modules,))
            self._pool.submit(int)  # starts the process now
        return self._pool


def _begin(modules: tuple[str, ...]) -> None:
    """Import what was asked for, and end with the process that asked, however that ends."""
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    gc.disable()  # imports leave no garbage, and looking for it takes a tenth of their time
    for module in modules:
        import_module(module)
    gc.freeze()
    gc.enable()


def _leave_with_parent() -> None:
    if parent := multiprocessing.parent_process():
        wait([parent.sentinel])
        os._exit(1)
