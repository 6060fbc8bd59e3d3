"""The near end of the warm process: hand it a command and wait, with nothing imported but the basics.

See ``flows.platform.warm`` for the far end.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType

STANDARD_STREAMS = (0, 1, 2)
#: Signals that a waiting client passes on to the command.
FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
CONNECT_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Request:
    """What a client wants run, and where."""

    module: str
    arguments: list[str]
    folder: str
    environment: dict[str, str]


def socket_path(home: Path) -> Path:
    """The socket of an installation, in a folder that only its owner can enter."""
    return home / "run" / "pipelines.sock"


def is_listening(home: Path) -> bool:
    """Whether a warm process takes commands."""
    with contextlib.suppress(OSError), _connected(home):
        return True
    return False


def run_module(home: Path, module: str, arguments: Sequence[str]) -> int | None:
    """Run ``python -m module arguments`` in a fork of the warm process and give its exit code.

    None when no warm process listens: the caller does the work itself.
    """
    try:
        with _connected(home) as connection:
            request = Request(module, list(arguments), str(Path.cwd()), dict(os.environ))
            body = json.dumps(asdict(request)).encode()
            socket.send_fds(connection, [len(body).to_bytes(4)], list(STANDARD_STREAMS))
            connection.sendall(body)
            return _await_exit(connection)
    except (FileNotFoundError, ConnectionRefusedError):
        return None


def receive(connection: socket.socket, size: int) -> bytes:
    """So many bytes, or fewer if the other side has gone."""
    data = b""
    while len(data) < size and (part := connection.recv(size - len(data))):
        data += part
    return data


@contextlib.contextmanager
def short_name(path: Path) -> Iterator[str]:
    """The socket's name as seen from its folder: the kernel takes no more than a hundred letters."""
    before = os.open(".", os.O_RDONLY)
    os.chdir(path.parent)
    try:
        yield path.name
    finally:
        os.fchdir(before)
        os.close(before)


def _await_exit(connection: socket.socket) -> int:
    """Wait for the command, passing on what interrupts us; 1 if it died without a word."""
    pid = int.from_bytes(receive(connection, 4))
    with _passing_on(pid):
        code = receive(connection, 4)
    return int.from_bytes(code) if code else 1


@contextlib.contextmanager
def _passing_on(pid: int) -> Iterator[None]:
    """Signals to us are signals to that process, for a while."""

    def pass_on(number: int, _frame: FrameType | None) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)

    before = {number: signal.signal(number, pass_on) for number in FORWARDED}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler or signal.SIG_DFL)


@contextlib.contextmanager
def _connected(home: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(CONNECT_SECONDS)
        with short_name(socket_path(home)) as name:
            connection.connect(name)
        connection.settimeout(None)
        yield connection
