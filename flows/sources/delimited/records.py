"""A delimited text file as blocks of records, each with its line number, in bounded memory."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

import polars as pl

from flows.sources.contents import Readable
from flows.sources.delimited.encoding import Encoding

#: Bytes read at a time: 30 to 60 thousand lines of a usual statement.
BLOCK_BYTES = 4 << 20
#: A quoted field may run over lines; a quote that finds no partner within so many is a stray one.
LONGEST_RECORD = 40
#: Stands where bytes do not fit the encoding.
DAMAGE = "\ufffd"
#: Cannot occur in text: reading with it as delimiter gives whole lines.
_NO_DELIMITER = b"\x01"


@dataclass(frozen=True, slots=True)
class Shape:
    """How a file's text is cut into records: fields ``f0`` to ``f{width - 1}``, and ``extra`` beyond."""

    encoding: Encoding
    delimiter: str
    width: int
    header_line: int  # the last line of the header, or above a table without one

    @property
    def fields(self) -> list[str]:
        """The names of the fields in a frame of records."""
        return [f"f{index}" for index in range(self.width)]


@dataclass(frozen=True, slots=True)
class Block:
    """Records of one part of a file, and how many blank lines lay among them.

    ``records`` has line_number, the shape's fields and extra; missing fields are "". Where a closer look was
    needed it has also line (the record's text) and is_damaged (bytes of it do not fit the encoding).
    """

    records: pl.DataFrame
    blank_lines: int


def blocks(path: Readable, shape: Shape) -> Iterator[Block]:
    """The records below the header, block by block."""
    carried, first_line = b"", 1
    for part, final in with_final(text_blocks(path, shape.encoding)):
        text = carried + part
        carried = b""
        last_line = first_line + text.count(b"\n")
        if (
            first_line > shape.header_line
            and (records := _plain_records(text, first_line, shape)) is not None
        ):
            yield Block(records, 0)
        else:
            lines = _lines(text, first_line).filter(pl.col("line_number") > shape.header_line)
            lines, carried = _joined(lines, shape, final=final)
            yield _block(lines, shape)
        first_line = last_line - carried.count(b"\n")


def text_blocks(path: Readable, encoding: Encoding) -> Iterator[bytes]:
    """A file's text as UTF-8 in parts that end with a line; line ends are one newline, nulls are gone.

    Bytes that do not fit the encoding become DAMAGE.
    """
    rest = held_back = b""
    for content in _utf8_blocks(path, encoding):
        text = rest + content
        held = b"\r" if text.endswith(b"\r") else b""
        text = _plain(text.removesuffix(b"\r"))
        cut = text.rfind(b"\n") + 1
        if cut:
            if held_back:
                yield held_back
            held_back = text[:cut]  # a last line without its end belongs to it
        rest = text[cut:] + held
    rest = held_back + _plain(rest)
    if rest:
        yield rest if rest.endswith(b"\n") else rest + b"\n"


def _utf8_blocks(path: Readable, encoding: Encoding) -> Iterator[bytes]:
    """A file's content in UTF-8; sound UTF-8 as it is, which takes no time."""
    decoder = codecs.getincrementaldecoder(encoding.codec)("replace")
    is_ready = encoding.codec == "utf-8" and encoding.is_sound
    with path.open("rb") as file:
        file.seek(encoding.mark)
        while content := file.read(BLOCK_BYTES):
            yield content if is_ready else decoder.decode(content).encode("utf-8", "replace")
    if not is_ready:
        yield decoder.decode(b"", final=True).encode("utf-8", "replace")


def with_final(parts: Iterator[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Each part with whether it is the last one."""
    before: bytes | None = None
    for part in parts:
        if before is not None:
            yield before, False
        before = part
    if before is not None:
        yield before, True


def _plain(text: bytes) -> bytes:
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if b"\x00" in text or _NO_DELIMITER in text:
        text = text.replace(b"\x00", b"").replace(_NO_DELIMITER, b" ")
    return text


def _plain_records(text: bytes, first_line: int, shape: Shape) -> pl.DataFrame | None:
    """The records of text in which every line is one, read at once; None where something needs a closer look.

    That is a quote, damage, more fields than columns, or a first field that is blank, as it is on a blank
    line.
    """
    if b'"' in text or (not shape.encoding.is_sound and DAMAGE.encode() in text):
        return None
    records = _read(text, shape.delimiter, [*shape.fields, "extra"], quoted=False)
    if records.height != text.count(b"\n") or (records["extra"] != "").any():
        return None
    if (records["f0"].str.strip_chars() == "").any():
        return None
    numbers = pl.int_range(first_line, first_line + records.height, eager=True).alias("line_number")
    return records.with_columns(numbers)


def _lines(text: bytes, first_line: int) -> pl.DataFrame:
    lines = _read(text, _NO_DELIMITER.decode(), ["line"], quoted=False)
    numbers = pl.int_range(first_line, first_line + lines.height, eager=True).alias("line_number")
    return lines.with_columns(numbers)


def _read(text: bytes, delimiter: str, names: list[str], *, quoted: bool) -> pl.DataFrame:
    return pl.read_csv(
        text,
        has_header=False,
        schema=dict.fromkeys(names, pl.String),
        separator=delimiter,
        quote_char='"' if quoted else None,
        infer_schema=False,
        empty_string_is_null=False,
        raise_if_empty=False,
        extra_columns="ignore",
        missing_columns="insert",
    )


def _joined(lines: pl.DataFrame, shape: Shape, *, final: bool) -> tuple[pl.DataFrame, bytes]:
    """Lines with quoted fields that run over line ends joined, and the text to carry to the next block."""
    odd = lines["line"].str.count_matches('"', literal=True) % 2 == 1
    if not odd.any():
        return lines, b""
    texts, numbers = lines["line"].to_list(), lines["line_number"].to_list()
    joined, rest = _join_records(texts, odd.arg_true().to_list(), shape, final=final)
    frame = pl.DataFrame(
        {"line": [text for _, text in joined], "line_number": [numbers[start] for start, _ in joined]},
        schema=lines.schema,
    )
    return frame, "".join(f"{text}\n" for text in texts[rest:]).encode()


def _join_records(
    lines: list[str], odd: list[int], shape: Shape, *, final: bool
) -> tuple[list[tuple[int, str]], int]:
    """Records with the index of their first line, and the index of the first line left for the next block."""
    records: list[tuple[int, str]] = []
    position = 0
    waiting = iter(chain(odd, [len(lines)]))
    opening = next(waiting)
    while opening < len(lines):
        records += ((index, lines[index]) for index in range(position, opening))
        closing = next(waiting)
        if closing == len(lines) and not final and closing - opening <= LONGEST_RECORD:
            return records, opening
        record = "\n".join(lines[opening : closing + 1])
        if closing - opening <= LONGEST_RECORD and closing < len(lines) and _fits(record, shape):
            records.append((opening, record))
            position, opening = closing + 1, next(waiting)
        else:
            records.append((opening, _with_literal_quotes(lines[opening], shape.delimiter)))
            position, opening = opening + 1, closing
    records += ((index, lines[index]) for index in range(position, len(lines)))
    return records, len(lines)


def _fits(record: str, shape: Shape) -> bool:
    """Whether lines make one record of the table's width when they are joined."""
    rows = list(csv.reader(record.splitlines(keepends=True), delimiter=shape.delimiter))
    return len(rows) == 1 and (
        len(rows[0]) == shape.width or (len(rows[0]) == shape.width + 1 and not rows[0][-1].strip())
    )


def _with_literal_quotes(line: str, delimiter: str) -> str:
    """A line whose quotes stand for themselves, quoted so that every reader takes them so."""
    return delimiter.join('"' + field.replace('"', '""') + '"' for field in line.split(delimiter))


def _block(lines: pl.DataFrame, shape: Shape) -> Block:
    kept = lines.filter(lines["line"].str.strip_chars(f'{shape.delimiter}" \t\ufeff') != "")
    is_damaged = kept["line"].str.contains(DAMAGE, literal=True) & (not shape.encoding.is_sound)
    records = kept.hstack(_fields(kept, shape)).with_columns(is_damaged.alias("is_damaged"))
    return Block(records, lines.height - kept.height)


def _fields(lines: pl.DataFrame, shape: Shape) -> pl.DataFrame:
    """The fields of each line; one by one where the quick reader and the lines do not agree."""
    names = [*shape.fields, "extra"]
    text = lines["line"].str.join("\n").item() if lines.height else ""
    try:
        fields = _read(f"{text}\n".encode() if text else b"", shape.delimiter, names, quoted='"' in text)
    except pl.exceptions.ComputeError:
        fields = None
    if fields is not None and fields.height == lines.height:
        return fields
    rows = [(split_record(line, shape.delimiter) + [""] * len(names))[: len(names)] for line in lines["line"]]
    return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")


def split_record(record: str, delimiter: str) -> list[str]:
    """The fields of one record that may hold line ends."""
    try:
        return next(csv.reader(record.splitlines(keepends=True), delimiter=delimiter), [])
    except csv.Error:
        return record.split(delimiter)
