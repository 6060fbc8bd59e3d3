"""Load over HTTP/1.1: as fast as connections answer, or at a fixed rate with honest latencies."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import cycle
from typing import cast

OK = (b" 200", b" 201", b" 304")


def request(
    method: str, path: str, bearer: str = "", headers: dict[str, str] | None = None, body: str = ""
) -> bytes:
    """One HTTP/1.1 request."""
    lines = {"host": "x", "content-length": str(len(body)), "content-type": "application/json"}
    if bearer:
        lines["authorization"] = f"Bearer {bearer}"
    written = "".join(f"{name}: {value}\r\n" for name, value in (lines | (headers or {})).items())
    return f"{method} {path} HTTP/1.1\r\n{written}\r\n{body}".encode()


@dataclass(frozen=True)
class Figures:
    """What a run gave: requests a second and the seconds that each took."""

    rate: float
    seconds: list[float]

    def percentile(self, number: int) -> float:
        """Milliseconds within which so many of a hundred were answered; of one answer, its own."""
        if len(self.seconds) < 2:
            return sum(self.seconds) * 1000
        return statistics.quantiles(self.seconds, n=100)[number - 1] * 1000

    def __str__(self) -> str:
        return (
            f"{self.rate:,.0f} a second, p50 {self.percentile(50):.1f} ms, p99 {self.percentile(99):.1f} ms"
        )


@dataclass
class Connection(asyncio.Protocol):
    """One kept connection with one request at a time; raises what is no success into ``failed``."""

    answered: Callable[[Connection], None]
    failed: asyncio.Future[None]
    started: float = 0.0
    head: bytes = b""
    buffer: bytearray = field(default_factory=bytearray)
    transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Be ready."""
        self.transport = cast("asyncio.WriteTransport", transport)  # uvloop's own is no subclass

    def ask(self, sent: bytes, started: float) -> None:
        """Send a request whose time counts from ``started``."""
        self.started = started
        if self.transport is not None:
            self.transport.write(sent)

    def data_received(self, data: bytes) -> None:
        """Wait for the whole answer."""
        self.buffer += data
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(self.buffer[:end]).lower()
        length = head.partition(b"content-length: ")[2].partition(b"\r")[0]
        if len(self.buffer) < end + 4 + (int(length) if length and b" 304" not in head[:13] else 0):
            return
        if not any(status in head[:13] for status in OK) and not self.failed.done():
            self.failed.set_exception(RuntimeError(self.buffer[:500].decode(errors="replace")))
        self.head = head
        self.buffer.clear()
        self.answered(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """A server does not close on us."""
        if exc is not None and not self.failed.done():
            self.failed.set_exception(exc)


async def closed_loop(port: int, requests: Iterable[bytes], connections: int, seconds: float) -> Figures:
    """Each connection asks again as soon as it was answered."""
    turns, times = cycle(requests), list[float]()
    deadline = time.perf_counter() + seconds

    def again(connection: Connection) -> None:
        now = time.perf_counter()
        times.append(now - connection.started)
        if now < deadline:
            connection.ask(next(turns), now)

    failed, opened = await _connect(port, connections, again)
    for connection in opened:
        connection.ask(next(turns), time.perf_counter())
    await _wait(failed, seconds)
    _close(opened)
    return Figures(len(times) / seconds, times)


async def fixed_rate(
    port: int, requests: Iterable[bytes], connections: int, seconds: float, rate: float
) -> Figures:
    """So many requests a second whatever the server does; what must wait for its turn has waited."""
    turns, times = cycle(requests), list[float]()
    idle: list[Connection] = []
    due: deque[float] = deque()

    def answered(connection: Connection) -> None:
        times.append(time.perf_counter() - connection.started)
        if due:
            connection.ask(next(turns), due.popleft())
        else:
            idle.append(connection)

    failed, opened = await _connect(port, connections, answered)
    idle.extend(opened)
    for moment in _moments(rate, seconds):
        await asyncio.sleep(max(0.0, moment - time.perf_counter()))
        if idle:
            idle.pop().ask(next(turns), moment)
        else:
            due.append(moment)
        if failed.done():
            break
    await _wait(failed, min(1.0, seconds))
    _close(opened)
    return Figures(rate, times)


def _moments(rate: float, seconds: float) -> Iterator[float]:
    begin = time.perf_counter()
    for number in range(int(rate * seconds)):
        yield begin + number / rate


async def _connect(
    port: int, connections: int, answered: Callable[[Connection], None]
) -> tuple[asyncio.Future[None], list[Connection]]:
    loop = asyncio.get_running_loop()
    failed: asyncio.Future[None] = loop.create_future()
    made = [
        await loop.create_connection(lambda: Connection(answered, failed), "127.0.0.1", port)
        for _ in range(connections)
    ]
    return failed, [connection for _, connection in made]


async def _wait(failed: asyncio.Future[None], seconds: float) -> None:
    await asyncio.wait([failed], timeout=seconds)
    if failed.done():
        failed.result()


def _close(connections: list[Connection]) -> None:
    for connection in connections:
        if connection.transport is not None:
            connection.failed.cancel()
            connection.transport.close()


async def head_of(port: int, sent: bytes) -> str:
    """The head of one answer."""
    figures = asyncio.get_running_loop().create_future()
    failed, (connection,) = await _connect(port, 1, lambda answered: figures.set_result(answered.head))
    connection.ask(sent, time.perf_counter())
    await asyncio.wait([failed, figures], return_when=asyncio.FIRST_COMPLETED, timeout=10)
    if failed.done():
        failed.result()
    _close([connection])
    return str(figures.result().decode())
