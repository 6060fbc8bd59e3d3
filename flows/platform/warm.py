"""A process that has everything imported and forks to run a command at once.

Great Expectations, Prefect, dbt and scikit-learn together take fifteen seconds to import. While the
platform is up, one process holds them ready; a command hands it its arguments, its folder, its
environment and its terminal over a local socket, and a fork of it runs the command as if it had been
started there. The single-threaded parent only accepts and forks.
"""

from __future__ import annotations

import contextlib
import json
import os
import runpy
import signal
import socket
import sys
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from warehouse.settings import Settings

#: Modules whose import is slow and which commands need.
PRELOADED = (
    "great_expectations",
    "great_expectations.expectations",
    "dbt.cli.main",
    "dbt.adapters.postgres",
    "sklearn.linear_model",
    "prefect.flow_engine",
    "flows.cli",
    "flows.ingest",
    "flows.build",
    "flows.categorise",
    "flows.links",
    "flows.receipts.settling",
    "models_ml.links.match",
    "scipy.optimize",
    "scipy.sparse.csgraph",
    "expectations.gate",
)
#: The longest request: arguments, folder and environment as JSON.
LARGEST_REQUEST = 1 << 20
STANDARD_STREAMS = (0, 1, 2)
#: Signals that a waiting client passes on to the command.
FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
CONNECT_SECONDS = 1.0


def socket_path(settings: Settings) -> Path:
    """The socket of this installation, in a folder that only its owner can enter."""
    return settings.folder("run") / "pipelines.sock"


def is_listening(settings: Settings) -> bool:
    """Whether a warm process takes commands."""
    with contextlib.suppress(OSError), _connected(settings):
        return True
    return False


@dataclass(frozen=True, slots=True)
class Request:
    """What a client wants run, and where."""

    module: str
    arguments: list[str]
    folder: str
    environment: dict[str, str]


def run_module(settings: Settings, module: str, arguments: Sequence[str]) -> int | None:
    """Run ``python -m module arguments`` in a fork of the warm process and give its exit code.

    None when no warm process listens: the caller does the work itself.
    """
    try:
        with _connected(settings) as connection:
            request = Request(module, list(arguments), str(Path.cwd()), dict(os.environ))
            body = json.dumps(asdict(request)).encode()
            socket.send_fds(connection, [len(body).to_bytes(4)], list(STANDARD_STREAMS))
            connection.sendall(body)
            return _await_exit(connection)
    except (FileNotFoundError, ConnectionRefusedError):
        return None


def _await_exit(connection: socket.socket) -> int:
    """Wait for the command, passing on what interrupts us; 1 if it died without a word."""
    pid = int.from_bytes(_receive(connection, 4))
    for number in FORWARDED:
        signal.signal(number, lambda number, _frame: _pass_on(pid, number))
    code = _receive(connection, 4)
    return int.from_bytes(code) if code else 1


def _pass_on(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _receive(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size and (part := connection.recv(size - len(data))):
        data += part
    return data


@contextlib.contextmanager
def _connected(settings: Settings) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as connection, _short_name(socket_path(settings)) as name:
        connection.settimeout(CONNECT_SECONDS)
        connection.connect(name)
        connection.settimeout(None)
        yield connection


@contextlib.contextmanager
def _short_name(path: Path) -> Iterator[str]:
    """The socket's name as seen from its folder: the kernel takes no more than a hundred letters."""
    before = os.open(".", os.O_RDONLY)
    os.chdir(path.parent)
    try:
        yield path.name
    finally:
        os.fchdir(before)
        os.close(before)


def serve(settings: Settings) -> None:
    """Import what is slow, then fork a child for every request until told to stop."""
    for module in PRELOADED:
        __import__(module)
    _preload_project(settings)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listener:
        with _short_name(socket_path(settings)) as name:
            Path(name).unlink(missing_ok=True)
            listener.bind(name)
        listener.listen()
        while True:
            connection, _ = listener.accept()
            with connection:
                _fork_runner(listener, connection)


def _preload_project(settings: Settings) -> None:
    """Parse dbt's project, which takes more than a second as well."""
    from flows.dbt import preload_project  # noqa: PLC0415 - imported above, by name
    from warehouse.engine import open_warehouse  # noqa: PLC0415

    with open_warehouse(settings) as warehouse:
        preload_project(settings, warehouse.server)


def _fork_runner(listener: socket.socket, connection: socket.socket) -> None:
    if os.fork() == 0:
        listener.close()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        header, streams, _, _ = socket.recv_fds(connection, 4, len(STANDARD_STREAMS))
        if len(header) < 4:  # noqa: PLR2004 - somebody only looked whether we listen
            os._exit(0)
        size = int.from_bytes(header)
        if size > LARGEST_REQUEST:
            os._exit(1)
        request = Request(**json.loads(_receive(connection, size)))
        connection.sendall(os.getpid().to_bytes(4))
        _become(request, streams, connection)


def _become(request: Request, streams: Sequence[int], connection: socket.socket) -> None:
    """Take the client's terminal, folder and environment, run its module, and leave as it leaves.

    The client learns of the end at once. What the module registered for its end (logs to send, locks to
    return), which takes seconds, runs after that: leaving is by SystemExit through the frames of ``serve``.
    """
    for target, source in zip(STANDARD_STREAMS, streams, strict=True):
        os.dup2(source, target)
        os.close(source)
    os.setsid()
    os.chdir(request.folder)
    os.environ.clear()
    os.environ.update(request.environment)
    sys.argv = [request.module, *request.arguments]
    code = _run(request.module)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    with contextlib.suppress(BrokenPipeError):
        connection.sendall(code.to_bytes(4))
    connection.close()
    silence = os.open(os.devnull, os.O_RDWR)
    for target in STANDARD_STREAMS:  # whoever reads our output must not wait for what is left
        os.dup2(silence, target)
    sys.exit(code)


def _run(module: str) -> int:
    """Run a module as ``python -m`` does, and give the exit code that it asks for."""
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as leaving:
        if isinstance(leaving.code, str):
            sys.stderr.write(f"{leaving.code}\n")
            return 1
        return (leaving.code or 0) % 256
    except BaseException:  # noqa: BLE001 - told as the interpreter would tell it
        traceback.print_exc()
        return 1
    return 0


if __name__ == "__main__":
    serve(Settings())
