"""Everything that is kept of a user, as files: one of JSON lines per table, and a manifest."""

from __future__ import annotations

import contextlib
import hashlib
import json
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from flows.exports.layout import MANIFEST_SCHEMA
from warehouse.engine import Warehouse
from warehouse.errors import ActionableError
from warehouse.repositories import exports
from warehouse.repositories.users import User

#: Opens a file of the export to write to.
Open = Callable[[str], AbstractContextManager[IO[bytes]]]


class ExportExistsError(ActionableError, FileExistsError):
    """There is something where the export should go."""


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """The file of one table."""

    table: str
    file: str
    rows: int
    sha256: str
    left_out: tuple[str, ...]  # columns with secrets


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an export holds; see docs/exchange.md."""

    layout: str
    exported_at: str
    user_id: str
    email: str
    tables: tuple[ExportedFile, ...]


def export_user(warehouse: Warehouse, user: User, out: Path) -> Manifest:
    """Write a user's rows of all tables, as of one moment; raises ExportExistsError.

    What is at ``out`` afterwards is whole: it is written beside it first.
    """
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        message = f"{out} exists already: name another folder or file"
        raise ExportExistsError(message)
    with _destination(out) as opened, warehouse.transaction() as connection:
        exports.read_as(connection, user.user_id)
        files = []
        for table in exports.list_tables(connection):
            name = f"{table.name}.jsonl"
            with opened(name) as file:
                rows, digest = _write_rows(exports.rows_of(connection, table), file)
            files.append(ExportedFile(table.name, name, rows, digest, table.left_out))
        now = f"{datetime.now(tz=UTC):%Y-%m-%dT%H:%M:%SZ}"
        manifest = Manifest(exports.LAYOUT, now, str(user.user_id), user.email, tuple(files))
        for name, document in (
            ("manifest.json", asdict(manifest)),
            ("manifest.schema.json", MANIFEST_SCHEMA),
        ):
            with opened(name) as file:
                file.write(json.dumps(document, ensure_ascii=False, indent=2).encode() + b"\n")
    return manifest


def _write_rows(rows: Iterator[str], file: IO[bytes]) -> tuple[int, str]:
    digest, count = hashlib.sha256(), 0
    for row in rows:
        line = f"{row}\n".encode()
        digest.update(line)
        file.write(line)
        count += 1
    return count, digest.hexdigest()


@contextlib.contextmanager
def _destination(out: Path) -> Iterator[Open]:
    """A folder or a zip that comes into being when all of it is written, readable by its owner only."""
    out.parent.mkdir(parents=True, exist_ok=True)
    draft = out.with_name(f".{out.name}.part")
    if out.suffix.lower() == ".zip":
        try:
            with zipfile.ZipFile(draft, "x", zipfile.ZIP_DEFLATED) as archive:
                draft.chmod(0o600)
                yield lambda name: archive.open(name, "w", force_zip64=True)
            draft.replace(out)
        finally:
            draft.unlink(missing_ok=True)
        return
    draft.mkdir(mode=0o700)
    try:
        yield lambda name: (draft / name).open("wb")
        draft.replace(out)
    finally:
        if draft.exists():
            for file in draft.iterdir():
                file.unlink()
            draft.rmdir()
