"""What a running platform tells about itself, in a file that commands read."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

from warehouse.settings import Settings


@dataclass(frozen=True, slots=True)
class PlatformState:
    """The supervisor's process and the addresses of what it runs; ``failure`` if it gave up."""

    pid: int
    services: dict[str, str] = field(default_factory=dict)  # name -> address, once it answers
    is_complete: bool = False
    failure: str | None = None


def state_file(settings: Settings) -> Path:
    """Where the state of this installation stands."""
    return settings.folder("run") / "platform.json"


def write_state(settings: Settings, state: PlatformState) -> None:
    """Replace the state; a reader sees the old one or the new one, never half of either."""
    path = state_file(settings)
    draft = path.with_suffix(".new")
    draft.write_text(json.dumps(asdict(state), indent=2))
    draft.replace(path)


def read_state(settings: Settings) -> PlatformState | None:
    """The state of the running platform; None when none runs, whatever a crash left behind."""
    try:
        state = PlatformState(**json.loads(state_file(settings).read_text()))
    except (OSError, ValueError, TypeError):
        return None
    return state if is_alive(state.pid) else None


def clear_state(settings: Settings) -> None:
    """Forget a platform that has stopped."""
    with contextlib.suppress(FileNotFoundError):
        state_file(settings).unlink()


def is_alive(pid: int) -> bool:
    """Whether a process of this id runs."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
