"""Zip archives of statements: every member becomes a file of its own, and nothing else comes out."""

from __future__ import annotations

import shutil
import stat
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

#: An archive in an archive is opened once more, as banks pack a year of monthly archives.
DEEPEST = 2
MOST_MEMBERS = 2_000
MOST_BYTES = 2 << 30
#: Text of statements shrinks to a tenth, of the dullest ones to a fiftieth.
MOST_GROWTH = 200
#: Whatever its growth, so little does no harm.
HARMLESS_BYTES = 16 << 20
_BLOCK = 1 << 20
_LONGEST_NAME = 120
_ENCRYPTED = 0x1
_SIGNATURES = (b"PK\x03\x04", b"PK\x05\x06")


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file on disk and the name by which its giver knows it: ``archive.zip/member`` for a member."""

    path: Path
    name: str  # as its batch is called
    given: str  # as it is told, with the folder it was given in


@dataclass(frozen=True, slots=True)
class RefusedFile:
    """An archive or member that is not opened, and why."""

    given: str
    refusal: str


class _ArchiveRefusedError(Exception):
    """Why an archive as a whole is not opened."""


def opened(paths: Iterable[Path], folder: Path) -> Iterator[FoundFile | RefusedFile]:
    """The files, with those in archives unpacked below a folder that the caller removes."""
    for number, path in enumerate(paths):
        file = FoundFile(path, path.name, str(path))
        yield from _opened(file, folder / f"{number:06}", 1, _Allowance())


@dataclass(slots=True)
class _Allowance:
    """What one archive, with those inside, may still unpack."""

    members: int = MOST_MEMBERS
    size: int = MOST_BYTES


def _opened(
    file: FoundFile, folder: Path, depth: int, allowance: _Allowance
) -> Iterator[FoundFile | RefusedFile]:
    if not is_archive(file.path):
        yield file
        return
    if depth > DEEPEST:
        yield RefusedFile(
            file.given, _refusal(file.name, "it is an archive within archives within an archive")
        )
        return
    try:
        with zipfile.ZipFile(file.path) as archive:
            _check(archive, allowance)
            yield from _members(archive, file, folder, depth, allowance)
    except _ArchiveRefusedError as error:
        yield RefusedFile(file.given, _refusal(file.name, str(error)))
    except (zipfile.BadZipFile, OSError, ValueError, RuntimeError) as error:
        yield RefusedFile(file.given, _refusal(file.name, f"the zip archive is broken ({error})"))


def is_archive(path: Path) -> bool:
    """Whether a file is a zip archive of files, and not a workbook or another document of that shape."""
    try:
        with path.open("rb") as file:
            if not file.read(4).startswith(_SIGNATURES):
                return False
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except (OSError, ValueError, RuntimeError):
        return False
    except zipfile.BadZipFile:
        return not _looks_like_office(path)
    return not ({"[Content_Types].xml", "mimetype"} & names)


def _looks_like_office(path: Path) -> bool:
    with path.open("rb") as file:
        head = file.read(1 << 16)
    return b"[Content_Types].xml" in head or b"xl/" in head or b"mimetypeapplication/" in head


def _check(archive: zipfile.ZipFile, allowance: _Allowance) -> None:
    """Refuse an archive by what its directory says; that it says the truth is seen while it is unpacked."""
    entries = archive.infolist()
    if not any(not entry.is_dir() for entry in entries):
        message = "the zip archive is empty"
        raise _ArchiveRefusedError(message)
    if len(entries) > allowance.members:
        message = f"the zip archive holds more than {MOST_MEMBERS:,} files"
        raise _ArchiveRefusedError(message)
    for entry in entries:
        if _escapes(entry):
            message = f"the zip archive would write outside of its folder ({entry.filename[:80]!r})"
            raise _ArchiveRefusedError(message)
    if sum(entry.file_size for entry in entries) > allowance.size:
        message = f"the zip archive unpacks to more than {MOST_BYTES >> 30} GB"
        raise _ArchiveRefusedError(message)


def _escapes(entry: zipfile.ZipInfo) -> bool:
    """Whether a member's path leaves the folder or is a link."""
    name = entry.filename.replace("\\", "/")
    is_link = stat.S_ISLNK(entry.external_attr >> 16)
    return name.startswith("/") or ".." in PurePosixPath(name).parts or name[1:2] == ":" or is_link


def _members(
    archive: zipfile.ZipFile, file: FoundFile, folder: Path, depth: int, allowance: _Allowance
) -> Iterator[FoundFile | RefusedFile]:
    for number, entry in enumerate(archive.infolist()):
        if entry.is_dir() or _is_litter(entry.filename):
            continue
        shown = entry.filename.replace("\\", "/")
        target = folder / f"{number:06}" / _safe_name(shown)
        member = FoundFile(target, f"{file.name}/{shown}", f"{file.given}/{shown}")
        allowance.members -= 1
        try:
            _unpack(archive, entry, target, allowance)
        except _MemberRefusedError as error:
            yield RefusedFile(member.given, _refusal(member.name, str(error)))
        else:
            yield from _opened(member, target.parent / "unpacked", depth + 1, allowance)


class _MemberRefusedError(Exception):
    """Why one member is not unpacked."""


def _unpack(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path, allowance: _Allowance) -> None:
    if entry.flag_bits & _ENCRYPTED:
        message = "it is protected with a password"
        raise _MemberRefusedError(message)
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with archive.open(entry) as source, target.open("wb") as sink:
            _copy(source, sink, entry, allowance)
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, RuntimeError, OSError) as error:
        shutil.rmtree(target.parent, ignore_errors=True)
        message = f"it cannot be unpacked ({error})"
        raise _MemberRefusedError(message) from error


def _copy(source: IO[bytes], sink: IO[bytes], entry: zipfile.ZipInfo, allowance: _Allowance) -> None:
    """Unpack block by block, and stop as soon as more comes out than an honest archive holds."""
    written = 0
    while block := source.read(_BLOCK):
        written += len(block)
        allowance.size -= len(block)
        is_bomb = written > HARMLESS_BYTES and written > MOST_GROWTH * max(entry.compress_size, 1)
        if is_bomb or allowance.size < 0:
            message = "it unpacks to far more than a statement holds, as a decompression bomb does"
            raise _ArchiveRefusedError(message)
        sink.write(block)


def _safe_name(name: str) -> str:
    """A member's own name as a file name; it is told in refusals."""
    last = name.rsplit("/", maxsplit=1)[-1]
    bare = "".join(char if char.isprintable() and char not in '\\:*?"<>|' else "_" for char in last)
    return bare[-_LONGEST_NAME:] or "member"


def _is_litter(name: str) -> bool:
    """Whether a member is what a file manager leaves behind."""
    parts = name.replace("\\", "/").split("/")
    return parts[0] == "__MACOSX" or parts[-1].startswith(".") or parts[-1] in {"Thumbs.db", "desktop.ini"}


def _refusal(name: str, what: str) -> str:
    return (
        f"{name} cannot be read as a bank statement: {what}. Unpack it yourself and import the files inside."
    )
