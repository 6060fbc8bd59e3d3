"""Answers that were given before, given again while nothing behind them has changed.

A client that polls asks for the same documents over and over. One statement tells for all requests that
wait whether their sessions still hold and which version of the facts each reader has; an answer of that
version is given from memory, so most polls cost Postgres no more than looking up four keys.
"""

from __future__ import annotations

import asyncio
import struct
import zlib
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.auth.tokens import Principal, Tokens
from api.clock import timestamp
from api.database import Database, Statement
from api.documents import Reading
from api.envelope import HEAD, REVALIDATE, tail
from api.errors import AppError
from api.rates import RateLimits

#: Bytes of answers that one process keeps: those of some thousand users' screens.
MEMORY = 16_000_000
#: One answer may take this share of it at most.
LARGEST = MEMORY // 16
#: Of what an entry takes beside its data.
ENTRY_BYTES = 600
#: Readers that one statement asks for.
BATCH = 128
#: Bytes from which compressing pays.
COMPRESSED_FROM = 1000

_STATES = Statement.of(
    "select ops.reading_states("
    "%(users)s::text::uuid[], %(sessions)s::text::uuid[], %(token_versions)s::text::int[])"
)

#: Who asks for what: the reader with session and scopes, the path and the query as they were sent.
Key = tuple[Principal, str, bytes]


@dataclass(slots=True)
class Kept:
    """One answer: what its reader's facts were like, its ETag, and its data if that was sent."""

    state: str
    version: str
    data: bytes | None
    route: object
    compressed: _Deflated | None = None

    @property
    def size(self) -> int:
        """Bytes of memory, in round figures."""
        return ENTRY_BYTES + len(self.version) + len(self.data or b"")


@dataclass
class KeptAnswers:
    """The latest answers of this process; those not asked for longest go first."""

    capacity: int = MEMORY
    size: int = 0
    entries: OrderedDict[Key, Kept] = field(default_factory=OrderedDict)

    def find(self, key: Key) -> Kept | None:
        """What was answered to this."""
        kept = self.entries.get(key)
        if kept is not None:
            self.entries.move_to_end(key)
        return kept

    def keep(self, key: Key, kept: Kept) -> None:
        """Have it at hand from now on, instead of the one before."""
        self.drop(key)
        if kept.size > LARGEST:
            return
        self.entries[key] = kept
        self.size += kept.size
        while self.size > self.capacity:
            _, oldest = self.entries.popitem(last=False)
            self.size -= oldest.size

    def drop(self, key: Key) -> None:
        """Forget it."""
        if (gone := self.entries.pop(key, None)) is not None:
            self.size -= gone.size


@dataclass(frozen=True, slots=True)
class Place:
    """Where the answer to one request is kept."""

    answers: KeptAnswers
    key: Key
    route: object

    def keep(self, reading: Reading) -> None:
        """Have the answer at hand for the next such request."""
        kept = Kept(reading.state, reading.version, reading.data, self.route)
        self.answers.keep(self.key, kept)


def _array(values: Iterable[object]) -> str:
    """An array as Postgres writes it, of what needs no quotes: psycopg takes a third longer for lists."""
    return f"{{{','.join(map(str, values))}}}"


@dataclass
class ReadingStates:
    """Asks what readers' facts are like, for all who ask while the last question is on its way at once."""

    database: Database
    waiting: list[tuple[Principal, asyncio.Future[str | None]]] = field(default_factory=list)
    asking: asyncio.Task[None] | None = None

    async def of(self, principal: Principal) -> str | None:
        """The state of the reader's facts; None for a session that has ended. Raises what ``read`` raises."""
        answer: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        self.waiting.append((principal, answer))
        if self.asking is None:
            self.asking = asyncio.create_task(self._ask())
        return await answer

    async def _ask(self) -> None:
        try:
            while self.waiting:
                batch, self.waiting = self.waiting[:BATCH], self.waiting[BATCH:]
                await self._ask_for(batch)
        finally:
            self.asking = None

    async def _ask_for(self, batch: list[tuple[Principal, asyncio.Future[str | None]]]) -> None:
        readers = [reader for reader, _ in batch]
        try:
            row = await self.database.read(
                _STATES,
                {
                    "users": _array(reader.user_id for reader in readers),
                    "sessions": _array(reader.session_id for reader in readers),
                    "token_versions": _array(reader.token_version for reader in readers),
                },
            )
        except Exception as error:  # noqa: BLE001 - everybody who waits gets it
            for _, answer in batch:
                if not answer.done():  # whoever asked may have gone
                    answer.set_exception(error)
            return
        for (_, answer), state in zip(batch, row[0] if row else [None] * len(batch), strict=True):
            if not answer.done():
                answer.set_result(state)


@dataclass
class GiveAgain:
    """Answers what is kept and still holds, and hands everything else on."""

    app: ASGIApp
    answers: KeptAnswers
    states: ReadingStates
    tokens: Tokens
    rates: RateLimits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and scope["method"] == "GET" and self.answers.entries:
            asked = _Asked.of(scope)
            if (kept := await self._holds(scope, asked)) is not None and asked.can_take(kept):
                scope["route"] = kept.route
                for message in _messages(scope, asked, kept):
                    await send(message)
                return
        await self.app(scope, receive, send)

    async def _holds(self, scope: Scope, asked: _Asked) -> Kept | None:
        """What is kept for this request, if it is still true."""
        principal = self.tokens.recognised(asked.bearer)
        if principal is None:
            return None
        key = (principal, scope["path"], scope["query_string"])
        if (kept := self.answers.find(key)) is None:
            return None
        try:
            await self.rates.spend_for(principal)
            scope["state"]["is_counted"] = True
            state = await self.states.of(principal)
        except AppError:
            return None  # the endpoint meets the same error, and tells of it
        if state == kept.state:
            return kept
        self.answers.drop(key)
        return None


@dataclass(slots=True)
class _Asked:
    """What the headers of a request say."""

    bearer: str
    known: str
    takes_gzip: bool

    @classmethod
    def of(cls, scope: Scope) -> _Asked:
        """Read in one go: looking up one by one takes longer."""
        bearer, known, takes_gzip = "", "", False
        for name, value in scope["headers"]:
            if name == b"authorization" and value[:7].lower() == b"bearer ":
                bearer = value[7:].decode("latin-1")
            elif name == b"if-none-match":
                known = value.decode("latin-1")
            elif name == b"accept-encoding":
                takes_gzip = b"gzip" in value
        return cls(bearer, known, takes_gzip)

    def has(self, kept: Kept) -> bool:
        """Whether the caller has this version."""
        return bool(self.known) and kept.version in versions_in(self.known)

    def can_take(self, kept: Kept) -> bool:
        """Whether there is something to answer with."""
        return kept.data is not None or self.has(kept)


def versions_in(header: str) -> list[str]:
    """The versions in an If-None-Match header, which compares weakly (RFC 9110, 13.1.2)."""
    return [tag.strip().removeprefix("W/").strip('"') for tag in header.split(",") if tag.strip()]


_FIXED = [(name.encode(), value.encode()) for name, value in REVALIDATE.items() if name != "vary"]
_PLAIN = [*_FIXED, (b"vary", REVALIDATE["vary"].encode())]
_CODED = [*_FIXED, (b"vary", f"{REVALIDATE['vary']}, Accept-Encoding".encode())]


def _messages(scope: Scope, asked: _Asked, kept: Kept) -> tuple[Message, Message]:
    etag = (b"etag", f'W/"{kept.version}"'.encode())
    if asked.has(kept) or kept.data is None:
        return _start(304, [*_PLAIN, etag]), {"type": "http.response.body", "body": b""}
    end = tail(timestamp(), scope["state"]["request_id"])
    is_large = len(HEAD) + len(kept.data) + len(end) >= COMPRESSED_FROM
    headers = [*(_CODED if is_large else _PLAIN), etag, (b"content-type", b"application/json")]
    if asked.takes_gzip and is_large:
        kept.compressed = kept.compressed or _Deflated.of(HEAD + kept.data)
        body = kept.compressed.ended(end)
        headers.append((b"content-encoding", b"gzip"))
    else:
        body = b"".join((HEAD, kept.data, end))
    headers.append((b"content-length", b"%d" % len(body)))
    return _start(200, headers), {"type": "http.response.body", "body": body}


def _start(status: int, headers: list[tuple[bytes, bytes]]) -> Message:
    return {"type": "http.response.start", "status": status, "headers": headers}


@dataclass(frozen=True, slots=True)
class _Deflated:
    """The beginning of a gzip stream (RFC 1952), compressed once for answers that end differently."""

    stream: bytes
    checksum: int
    length: int

    #: No name and no time, of an unknown system.
    HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"

    @classmethod
    def of(cls, beginning: bytes) -> _Deflated:
        """Compress the beginning up to a whole byte."""
        packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        stream = cls.HEADER + packer.compress(beginning) + packer.flush(zlib.Z_FULL_FLUSH)
        return cls(stream, zlib.crc32(beginning), len(beginning))

    def ended(self, end: bytes) -> bytes:
        """The whole stream, with this end."""
        packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        checksum, length = zlib.crc32(end, self.checksum), self.length + len(end)
        rest = packer.compress(end) + packer.flush()
        return self.stream + rest + struct.pack("<II", checksum, length & 0xFFFFFFFF)
