"""Starting and stopping the platform from outside: what ``mita up`` and ``mita down`` do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable

from flows.platform.services import log_file, quiet_environment
from flows.platform.state import PlatformState, clear_state, is_alive, read_state
from flows.platform.supervisor import READY_SECONDS
from warehouse.errors import ActionableError
from warehouse.settings import Settings

POLL_SECONDS = 0.1
STOP_SECONDS = 60.0


class PlatformError(ActionableError, RuntimeError):
    """The platform did not start or stop; the message says where to look."""


def launch(settings: Settings) -> subprocess.Popen[bytes]:
    """Start a supervisor that outlives this process."""
    with log_file(settings, "platform").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "flows.platform.supervisor"],
            env={**os.environ, **quiet_environment(settings)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def await_service(
    settings: Settings,
    supervisor: subprocess.Popen[bytes] | None,
    wanted: Callable[[PlatformState], bool],
    on_change: Callable[[PlatformState], None] = lambda _state: None,
) -> PlatformState:
    """Wait until the platform's state is as wanted; raises PlatformError if it gives up."""
    deadline, seen = time.monotonic() + READY_SECONDS, None
    while time.monotonic() < deadline:
        state = read_state(settings)
        if state and state != seen:
            seen = state
            on_change(state)
        if state and state.failure:
            raise PlatformError(state.failure)
        if state and wanted(state):
            return state
        if supervisor is not None and supervisor.poll() is not None:
            message = f"the platform ended while starting; see {log_file(settings, 'platform')}"
            raise PlatformError(message)
        time.sleep(POLL_SECONDS)
    message = f"the platform is not ready after {READY_SECONDS:.0f} s; see {settings.folder('logs')}"
    raise PlatformError(message)


def stop(settings: Settings) -> bool:
    """Stop the platform and wait for its end; False if none was running."""
    state = read_state(settings)
    if state is None:
        return False
    os.kill(state.pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while is_alive(state.pid):
        if time.monotonic() > deadline:
            message = (
                f"the platform (process {state.pid}) does not stop; see {log_file(settings, 'platform')}"
            )
            raise PlatformError(message)
        time.sleep(POLL_SECONDS)
    clear_state(settings)
    return True
