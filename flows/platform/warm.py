"""A process that has everything imported and forks to run a command at once.

Great Expectations, Prefect, dbt and scikit-learn together take fifteen seconds to import. While the
platform is up, one process holds them ready; a command hands it its arguments, its folder, its
environment and its terminal over a local socket, and a fork of it runs the command as if it had been
started there. The single-threaded parent only accepts and forks.
"""

from __future__ import annotations

import contextlib
import gc
import json
import logging
import os
import runpy
import signal
import socket
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from flows.platform.client import STANDARD_STREAMS, Request, receive, short_name, socket_path
from warehouse.settings import Settings

#: Modules whose import is slow and which commands need.
PRELOADED = (
    "anyio._backends._asyncio",
    "babel.dates",
    "dbt.adapters.postgres",
    "dbt.cli.main",
    "dbt.task.build",
    "expectations.gate",
    "fastapi",
    "flows.build",
    "flows.categorise",
    "flows.cli",
    "flows.ingest",
    "flows.links",
    "flows.receipts.settling",
    "great_expectations",
    "great_expectations.expectations",
    "great_expectations.render.renderer.site_builder",
    "models_ml.categorizer.predict",
    "models_ml.identity.resolve",
    "models_ml.links.match",
    "models_ml.recurring.find",
    "prefect.concurrency.services",
    "prefect.flow_engine",
    "prefect.task_engine",
    "prefect.utilities.visualization",
    "pyarrow.pandas_compat",
    "scipy.optimize",
    "scipy.sparse.csgraph",
    "sklearn.linear_model",
    "sqlparse",
)
#: The longest request: arguments, folder and environment as JSON.
LARGEST_REQUEST = 1 << 20


def serve(settings: Settings) -> None:
    """Import what is slow, then fork a child for every request until told to stop."""
    for module in PRELOADED:
        __import__(module)
    from flows.dbt import prepare_dbt  # noqa: PLC0415 - imported above, by name

    prepare_dbt()
    logging.getLogger().handlers.clear()  # a library of dbt's would tell every refusal with its traceback
    gc.collect()
    gc.freeze()  # a fork neither searches what it shares with us for garbage nor copies it for that
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listener:
        with short_name(socket_path(settings.root)) as name:
            Path(name).unlink(missing_ok=True)
            listener.bind(name)
        listener.listen()
        while True:
            connection, _ = listener.accept()
            with connection:
                _fork_runner(listener, connection)


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
        request = Request(**json.loads(receive(connection, size)))
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
