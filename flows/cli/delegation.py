"""What a command that runs flows needs around it: quiet libraries, and the Prefect server that is up."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from warehouse.settings import Settings


P = ParamSpec("P")
R = TypeVar("R")


def heavy(command: Callable[P, R]) -> Callable[P, R]:
    """Mark a command that imports much; what it imports is told beforehand where things are."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        from flows.platform.services import quiet_environment
        from warehouse.settings import Settings

        settings = Settings()
        os.environ.update(quiet_environment(settings))
        _join_platform(settings)
        return command(*args, **kwargs)

    return run


def _join_platform(settings: Settings) -> None:
    """Name the running Prefect server in the environment, so that flows are tracked by it."""
    from flows.platform.state import read_state

    state = read_state(settings)
    if state and "prefect" in state.services:
        os.environ["PREFECT_API_URL"] = f"{state.services['prefect']}/api"
