"""What a file is by its content: the ones that are no text are refused here with what to do instead."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal, NoReturn, Protocol

from warehouse.records import StatementRefusedError

#: Bytes that are enough to tell every format apart, long preambles included.
HEAD_BYTES = 1 << 16

_DOWNLOAD = "Download the statement from the bank as OFX, CAMT.053, MT940, XLSX or CSV and import that file."

_MAGIC: tuple[tuple[bytes, str, str], ...] = (
    (b"%PDF-", "a PDF document", _DOWNLOAD),
    (b"\x1f\x8b", "a gzip archive", "Unpack it and import the file inside."),
    (b"BZh", "a bzip2 archive", "Unpack it and import the file inside."),
    (b"\xfd7zXZ\x00", "an xz archive", "Unpack it and import the file inside."),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "Unpack it and import the file inside."),
    (b"Rar!", "a RAR archive", "Unpack it and import the file inside."),
    (b"\x89PNG\r\n\x1a\n", "a PNG image", _DOWNLOAD),
    (b"\xff\xd8\xff", "a JPEG image", _DOWNLOAD),
    (b"GIF8", "a GIF image", _DOWNLOAD),
    (b"II*\x00", "a TIFF image", _DOWNLOAD),
    (b"MM\x00*", "a TIFF image", _DOWNLOAD),
    (b"SQLite format 3\x00", "an SQLite database", _DOWNLOAD),
    (b"PAR1", "a Parquet file", _DOWNLOAD),
    (b"\x7fELF", "a program", _DOWNLOAD),
    (b"{\\rtf", "a rich-text document", _DOWNLOAD),
)  # fmt: skip


class Readable(Protocol):
    """A file, or content in memory that stands for one."""

    @property
    def name(self) -> str:
        """The name that messages use."""
        ...

    def open(self, mode: Literal["rb"], /) -> IO[bytes]:
        """The content from its beginning."""
        ...


@dataclass(frozen=True, slots=True)
class Content:
    """Bytes in memory under the name of the file that they come from."""

    name: str
    content: bytes

    def open(self, _mode: Literal["rb"], /) -> IO[bytes]:
        """The content from its beginning."""
        return io.BytesIO(self.content)


_SPREADSHEET = "Open it in a spreadsheet program, save the sheet as CSV and import that file."
_HTML = re.compile(
    rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body|table|meta|style)\b",
    re.IGNORECASE | re.DOTALL,
)
_TITLE = re.compile(rb"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)


def refuse_foreign(head: bytes, name: str) -> None:
    """Raise StatementRefusedError when the file is plainly something else than text of a statement."""
    text = ascii_view(head)
    if not text.strip(b"\x00 \t\r\n\xef\xbb\xbf"):
        refuse(name, "the file is empty" if not head else "the file holds nothing but blanks",
               "Download the statement from the bank again.")  # fmt: skip
    for magic, what, cure in _MAGIC:
        if head.startswith(magic):
            refuse(name, f"it is {what}, whatever its name says", cure)
    if head.startswith(b"PK\x03\x04") and not is_workbook(head):
        _refuse_zip(head, name)


def ascii_view(head: bytes) -> bytes:
    """The head in a single-byte form: UTF-16 text without its zero bytes and without a byte-order mark."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return head[2:].replace(b"\x00", b"")
    if is_utf16(head):
        return head.replace(b"\x00", b"")
    return head.removeprefix(b"\xef\xbb\xbf")


def is_utf16(head: bytes) -> bool:
    """Whether bytes without a byte-order mark are UTF-16: every other byte of Western text is zero."""
    sample = head[:4096]
    zeros = sample.count(0)
    return len(sample) >= 4 and zeros > len(sample) // 4 and max(  # noqa: PLR2004 - two characters at least
        sample[::2].count(0), sample[1::2].count(0)
    ) >= zeros * 0.95  # fmt: skip


def refuse(name: str, what: str, cure: str) -> NoReturn:
    """Raise StatementRefusedError that names the file, says what is wrong and what to do."""
    message = f"{name} cannot be read as a bank statement: {what}. {cure}"
    raise StatementRefusedError(message)


def read_head(path: Path) -> bytes:
    """The first HEAD_BYTES of a file; raises StatementRefusedError when it cannot be opened."""
    try:
        with path.open("rb") as file:
            return file.read(HEAD_BYTES)
    except OSError as error:
        refuse(path.name, f"it cannot be opened ({error.strerror})", "Check the path and its permissions.")


def is_workbook(head: bytes) -> bool:
    """Whether a zip archive is an Excel workbook, or another document of Microsoft's Office."""
    return b"[Content_Types].xml" in head or b"xl/" in head or b"_rels/.rels" in head


def _refuse_zip(head: bytes, name: str) -> None:
    if b"mimetypeapplication/vnd.oasis" in head:
        refuse(name, "it is an OpenDocument file, whatever its name says", _SPREADSHEET)
    refuse(name, "it is a zip archive", "Unpack it and import the files inside.")


def is_web_page(text: bytes) -> bool:
    """Whether a file's first bytes are those of a web page."""
    return _HTML.match(text) is not None


def refuse_page(text: bytes, name: str) -> NoReturn:
    """Refuse a web page by its title: nearly always the bank's login."""
    title = _TITLE.search(text)
    named = f" titled {' '.join(title[1].decode('utf-8', 'replace').split())!r}" if title else ""
    refuse(
        name,
        f"it is a web page{named}, not a statement; the bank probably asked to log in again",
        "Log in to the bank, download the statement again and import that file.",
    )
