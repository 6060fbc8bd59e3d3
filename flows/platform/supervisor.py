"""Starts the services, restarts one that dies, and stops them all when told to."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import FrameType

from flows.platform.services import Ports, Service, all_services, log_file
from flows.platform.state import PlatformState, clear_state, write_state
from warehouse.engine import open_warehouse
from warehouse.provision import provision
from warehouse.server import EmbeddedServer, ServerError
from warehouse.settings import Settings

#: How long services have to become ready; the first start of Prefect migrates its database.
READY_SECONDS = 180.0
POLL_SECONDS = 0.2
#: A service that dies at once is not restarted in a hot loop.
RESTART_SECONDS = 2.0
STOP_SECONDS = 10.0


@dataclass
class Supervisor:
    """Owns the processes of the platform for as long as it runs."""

    settings: Settings
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    stopping: threading.Event = field(default_factory=threading.Event)

    def run(self, on_ready: Callable[[PlatformState], None] = lambda _state: None) -> None:
        """Start everything, watch it until told to stop, and stop it."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_signal)
        state = PlatformState(os.getpid())
        write_state(self.settings, state)
        try:
            with open_warehouse(self.settings, "owner") as warehouse:
                provision(self.settings, warehouse.server)
                services = all_services(self.settings, warehouse.server, Ports.choose(self.settings))
                for service in services:
                    self._start(service)
                on_ready(self._await_ready(services))
                self._watch(services)
                self._stop_all()
        except Exception as error:
            self._stop_all()
            write_state(self.settings, PlatformState(os.getpid(), failure=str(error)))
            raise
        clear_state(self.settings)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self.stopping.set()

    def _start(self, service: Service) -> None:
        with log_file(self.settings, service.name).open("ab") as log:
            self.processes[service.name] = subprocess.Popen(
                service.command,
                env=service.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _await_ready(self, services: Sequence[Service]) -> PlatformState:
        """Note each service as it becomes ready; raises TimeoutError, or ChildProcessError if one ends."""
        deadline = time.monotonic() + READY_SECONDS
        waiting, ready = list(services), {}
        while waiting and not self.stopping.is_set():
            for service in [service for service in waiting if service.is_ready()]:
                waiting.remove(service)
                ready[service.name] = service.address
                write_state(self.settings, PlatformState(os.getpid(), ready, is_complete=not waiting))
            self._check(waiting, deadline)
            self.stopping.wait(POLL_SECONDS)
        return PlatformState(os.getpid(), ready, is_complete=not waiting)

    def _check(self, waiting: Sequence[Service], deadline: float) -> None:
        for service in waiting:
            log = log_file(self.settings, service.name)
            if self.processes[service.name].poll() is not None:
                message = (
                    f"{service.name} ended while starting; the end of {log} says: {_tail(log.read_text())}"
                )
                raise ChildProcessError(message)
            if time.monotonic() > deadline:
                message = f"{service.name} is not ready after {READY_SECONDS:.0f} s; see {log}"
                raise TimeoutError(message)

    def _watch(self, services: Sequence[Service]) -> None:
        while not self.stopping.wait(RESTART_SECONDS):
            self._revive_postgres()
            for service in services:
                if self.processes[service.name].poll() is not None:
                    self._start(service)

    def _revive_postgres(self) -> None:
        """Start the embedded server again if it has died; what keeps it from starting may pass."""
        if self.settings.external_server is None:
            try:
                EmbeddedServer(self.settings).start()
            except ServerError as error:
                sys.stderr.write(f"{error}\n")

    def _stop_all(self) -> None:
        """The last started first, politely, and by force when that takes too long."""
        for process in reversed(self.processes.values()):
            process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for process in self.processes.values():
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _tail(text: str, length: int = 600) -> str:
    return text.strip()[-length:]


def main() -> int:
    """Run the platform of the installation that the environment names."""
    Supervisor(Settings()).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
