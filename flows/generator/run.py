"""One run of the simulated banks: people in blocks, blocks over processes, files and truth to a folder."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from multiprocessing import get_context
from pathlib import Path

from flows.generator.days import months_later
from flows.generator.exports import export
from flows.generator.life import live
from flows.generator.params import END, GeneratorParams
from flows.generator.truth import (
    SCHEMAS,
    Tables,
    TruthWriter,
    account_rows,
    event_row,
    line_row,
    person_row,
    series_row,
    table,
)

#: Bump when the same arguments give other bytes.
VERSION = 1

#: People per block: results of one block are in memory at a time, and a row group each in the truth.
BLOCK = 20

#: Below this many person-months a pool of processes costs more than it saves.
ALONE = 400

MANIFEST = "manifest.json"
RUN_FOLDER = re.compile(r"\d{5,}-[a-z]{2}|truth")

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class GenerationSummary:
    """What a run wrote; ``lines`` counts statement lines in all files, ``transactions`` real events."""

    users: int
    accounts: int
    files: int
    lines: int
    transactions: int
    bytes: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Block:
    """What came of one block of people."""

    users: int
    files: int
    bytes: int
    digests: tuple[tuple[str, str], ...]
    truth: Tables


def parameters(
    users: int, months: int, seed: int, start: date | None = None, end: date | None = None
) -> GeneratorParams:
    """Arguments with the period that they mean; raises ValueError where they make no sense.

    The period ends before ``end``, by default a fixed day; ``start`` wins over ``end``.
    """
    if users < 1 or months < 1:
        message = f"users and months must be at least 1, not {users} and {months}"
        raise ValueError(message)
    if seed < 0:
        message = f"seed must not be negative, not {seed}"
        raise ValueError(message)
    if start is None:
        finish = end or END
        return GeneratorParams(
            users=users, months=months, seed=seed, start=months_later(finish, -months), end=finish
        )
    return GeneratorParams(
        users=users, months=months, seed=seed, start=start, end=months_later(start, months)
    )


def generate(  # noqa: PLR0913  # the arguments of the command
    *,
    users: int,
    months: int,
    seed: int,
    out: Path,
    start: date | None = None,
    end: date | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> GenerationSummary:
    """Write what banks would send for ``users`` people over ``months`` months, and the truth about it.

    The same arguments give the same bytes, whatever the number of workers. ``progress`` is called with
    the people done and all people. Raises ValueError for impossible arguments and FileExistsError when
    ``out`` already holds something else than an earlier run.
    """
    params = parameters(users, months, seed, start, end)
    began = time.monotonic()
    prepare(out, params)
    digests: list[tuple[str, str]] = []
    counts = dict.fromkeys(("users", "accounts", "files", "lines", "transactions", "bytes"), 0)
    with closing(TruthWriter(out / "truth")) as truth:
        for block in run_blocks(params, out, workers):
            truth.write(block.truth)
            digests += block.digests
            _count(counts, block)
            if progress is not None:
                progress(counts["users"], users)
    write_manifest(out, params, counts, digests)
    return GenerationSummary(**counts, seconds=time.monotonic() - began)


def prepare(out: Path, params: GeneratorParams) -> None:
    """Make the folder ready; an earlier run is removed, a folder with anything else is refused."""
    manifest = out / MANIFEST
    if out.exists() and any(out.iterdir()):
        if not manifest.is_file():
            message = f"{out} is not empty and holds no earlier run; choose another folder"
            raise FileExistsError(message)
        clear(out)
    out.mkdir(parents=True, exist_ok=True)
    write_json(manifest, {"arguments": params.model_dump(mode="json"), "complete": False})


def clear(out: Path) -> None:
    """Remove an earlier run, even an interrupted one: folders that only a run makes, nothing else."""
    for folder in sorted(out.iterdir()):
        if folder.is_dir() and not folder.is_symlink() and RUN_FOLDER.fullmatch(folder.name):
            shutil.rmtree(folder)
    (out / MANIFEST).unlink()


def run_blocks(params: GeneratorParams, out: Path, workers: int | None) -> Iterator[Block]:
    """Blocks of people in their order, made here or by processes."""
    starts = range(0, params.users, BLOCK)
    count = workers if workers is not None else (os.cpu_count() or 1)
    if workers is None and params.users * params.months <= ALONE:
        count = 1
    if count <= 1:
        for first in starts:
            yield write_block(first, params, out)
        return
    with ProcessPoolExecutor(min(count, len(starts)), mp_context=get_context("spawn")) as pool:
        yield from _in_order(pool, starts, params, out, count)


def _in_order(
    pool: ProcessPoolExecutor, starts: range, params: GeneratorParams, out: Path, count: int
) -> Iterator[Block]:
    """Results in order with a bounded number under way, so that memory stays bounded too."""
    waiting: deque[Future[Block]] = deque()
    for first in starts:
        waiting.append(pool.submit(write_block, first, params, out))
        if len(waiting) > 2 * count:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def write_block(first: int, params: GeneratorParams, out: Path) -> Block:
    """Simulate a block of people, write their files, and give the truth about them."""
    rows: dict[str, list[tuple[object, ...]]] = {name: [] for name in SCHEMAS}
    digests: list[tuple[str, str]] = []
    files = size = 0
    indices = range(first, min(first + BLOCK, params.users))
    for index in indices:
        written = write_person(index, params, out, rows)
        digests.append((written.slug, written.digest))
        files += written.files
        size += written.bytes
    truth = {name: table(schema, rows[name]) for name, schema in SCHEMAS.items()}
    return Block(len(indices), files, size, tuple(digests), truth)


@dataclass(frozen=True, slots=True)
class WrittenPerson:
    """One person's folder."""

    slug: str
    files: int
    bytes: int
    digest: str


def write_person(
    index: int, params: GeneratorParams, out: Path, rows: dict[str, list[tuple[object, ...]]]
) -> WrittenPerson:
    """Simulate one person and write their folder; the truth is appended to ``rows``."""
    life = live(index, params)
    exports = export(life, params)
    slug = life.person.slug
    (out / slug).mkdir()
    digest, size = hashlib.sha256(), 0
    for file in exports.files:
        (out / file.name).write_bytes(file.content)
        digest.update(file.name.encode() + b"\0" + file.content)
        size += len(file.content)
        rows["lines"] += [line_row(slug, line) for line in file.lines]
    events = [*life.events, *exports.vanished]
    rows["people"].append(person_row(life))
    rows["accounts"] += account_rows(life, events, params.end)
    rows["events"] += [event_row(slug, event, params.end) for event in events]
    rows["series"] += [series_row(slug, series) for series in life.series]
    return WrittenPerson(slug, len(exports.files), size, digest.hexdigest())


def _count(counts: dict[str, int], block: Block) -> None:
    counts["users"] += block.users
    counts["files"] += block.files
    counts["bytes"] += block.bytes
    counts["accounts"] += block.truth["accounts"].num_rows
    counts["lines"] += block.truth["lines"].num_rows
    counts["transactions"] += block.truth["events"].num_rows


def write_manifest(
    out: Path, params: GeneratorParams, counts: dict[str, int], digests: list[tuple[str, str]]
) -> None:
    """What was asked for, what came of it, and one hash over every byte of files and truth."""
    whole = hashlib.sha256()
    for slug, digest in digests:
        whole.update(f"{slug} {digest}\n".encode())
    for name in SCHEMAS:
        whole.update(hashlib.sha256((out / "truth" / f"{name}.parquet").read_bytes()).digest())
    write_json(
        out / MANIFEST,
        {
            "generator_version": VERSION,
            "arguments": params.model_dump(mode="json"),
            "complete": True,
            "counts": counts,
            "sha256": whole.hexdigest(),
        },
    )


def write_json(path: Path, value: dict[str, object]) -> None:
    """A small document for people to read."""
    path.write_text(json.dumps(value, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
