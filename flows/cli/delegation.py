"""Heavy commands run in the platform's warm process where there is one."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from warehouse.settings import Settings


P = ParamSpec("P")
R = TypeVar("R")

#: Set in a fork of the warm process, so that it does the work itself.
DELEGATED = "MITA_DELEGATED"


def heavy(command: Callable[P, R]) -> Callable[P, R]:
    """Mark a command that imports much: it is handed to the warm process, or runs right here."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        from flows.platform import warm
        from flows.platform.services import quiet_environment
        from warehouse.settings import Settings

        settings = Settings()
        os.environ.update(quiet_environment(settings))
        if DELEGATED not in os.environ:
            join_platform(settings)
            code = warm.run_module(settings, "flows.cli", sys.argv[1:])
            if code is not None:
                raise SystemExit(code)
        return command(*args, **kwargs)

    return run


def join_platform(settings: Settings) -> None:
    """Name the running Prefect server in the environment, so that flows are tracked by it."""
    from flows.platform.state import read_state

    os.environ[DELEGATED] = "1"
    state = read_state(settings)
    if state and "prefect" in state.services:
        os.environ["PREFECT_API_URL"] = f"{state.services['prefect']}/api"
