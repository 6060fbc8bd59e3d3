"""The ``mita`` command before anything is imported: where it runs, and how it hands itself over."""

from __future__ import annotations

import errno
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.cli.errors import told_plainly
from flows.command import OF_THE_PLATFORM, split_home
from flows.platform.client import is_listening, receive, run_module, short_name, socket_path

HEAVY = {"typer", "pydantic", "sqlalchemy", "polars", "prefect", "pandas", "numpy"}


@pytest.mark.parametrize(
    ("arguments", "home", "rest"),
    [
        ([], None, []),
        (["plan", "show"], None, ["plan", "show"]),
        (["--home", "/data", "plan", "show"], Path("/data"), ["plan", "show"]),
        (["--home=/data", "plan"], Path("/data"), ["plan"]),
        (["plan", "--home", "/data"], None, ["plan", "--home", "/data"]),
        (["--home"], None, ["--home"]),
    ],
)
def test_the_data_folder_stands_before_the_command(
    arguments: list[str], home: Path | None, rest: list[str]
) -> None:
    assert split_home(arguments) == (home, rest)


def test_nothing_slow_is_imported_before_the_command_is_handed_over() -> None:
    program = "import sys, flows.command; print('\\n'.join(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert HEAVY.isdisjoint(loaded.stdout.split())


def test_commands_of_the_platform_exist() -> None:
    from flows.cli import app

    names = {command.name or command.callback.__name__ for command in app.registered_commands}  # type: ignore[union-attr]
    assert names >= OF_THE_PLATFORM


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            FileNotFoundError(errno.ENOENT, "No such file or directory", "/no/x.csv"),
            "mita: /no/x.csv: No such",
        ),
        (PermissionError(errno.EACCES, "Permission denied", "/root/x"), "mita: /root/x: Permission denied"),
        (OSError(errno.ENOSPC, "No space left on device"), "mita: the disk is full"),
    ],
)
def test_a_path_that_cannot_be_used_is_told_in_a_line(
    error: OSError, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="1"), told_plainly():
        raise error
    assert capsys.readouterr().err.startswith(told)


def test_a_fault_of_ours_keeps_its_traceback() -> None:
    with pytest.raises(ConnectionResetError), told_plainly():
        raise ConnectionResetError(errno.ECONNRESET, "Connection reset by peer")


def test_nobody_listens_in_an_empty_folder(tmp_path: Path) -> None:
    assert not is_listening(tmp_path)
    assert run_module(tmp_path, "flows.cli", ["status"]) is None


@pytest.fixture
def far_end(tmp_path: Path) -> Iterator[list[bytes]]:
    """A listener that takes one command, answers with exit code 7, and notes what it was sent."""
    path = socket_path(tmp_path)
    path.parent.mkdir()
    received: list[bytes] = []
    with socket.socket(socket.AF_UNIX) as listener:
        with short_name(path) as name:
            listener.bind(name)
        listener.listen()

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                header, streams, _, _ = socket.recv_fds(connection, 4, 3)
                for stream in streams:
                    os.close(stream)
                received.append(receive(connection, int.from_bytes(header)))
                connection.sendall(os.getpid().to_bytes(4))
                connection.sendall((7).to_bytes(4))

        thread = threading.Thread(target=answer)
        thread.start()
        yield received
        thread.join()


def test_the_exit_code_is_that_of_the_far_end(tmp_path: Path, far_end: list[bytes]) -> None:
    assert run_module(tmp_path, "flows.cli", ["ingest", "a.csv"]) == 7
    assert b'"arguments": ["ingest", "a.csv"]' in far_end[0]
