"""A delimited text file as blocks of records, each with its line number, in bounded memory."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import polars as pl

from flows.sources.delimited.encoding import Encoding

#: Bytes read at a time: 30 to 60 thousand lines of a usual statement.
BLOCK_BYTES = 4 << 20
#: A quoted field may run over lines; a quote that finds no partner within so many is a stray one.
LONGEST_RECORD = 40
#: Stands where bytes do not fit the encoding.
DAMAGE = "\ufffd"
#: Cannot occur in text: reading with it as delimiter gives whole lines.
_NO_DELIMITER = "\x01"


@dataclass(frozen=True, slots=True)
class Shape:
    """How a file's text is cut into records: fields ``f0`` to ``f{width - 1}``, and ``extra`` beyond."""

    encoding: Encoding
    delimiter: str
    width: int
    header_line: int  # the last line of the header; 0 for a table without one

    @property
    def fields(self) -> list[str]:
        """The names of the fields in a frame of records."""
        return [f"f{index}" for index in range(self.width)]


@dataclass(frozen=True, slots=True)
class Block:
    """Records of one part of a file, and how many blank lines lay among them.

    ``records`` has line_number, line (the record's text), the shape's fields and extra; missing fields are "".
    """

    records: pl.DataFrame
    blank_lines: int


def blocks(path: Path, shape: Shape) -> Iterator[Block]:
    """The records below the header, block by block."""
    carried, first_line = "", 1
    parts = text_blocks(path, shape.encoding)
    for text, final in with_final(parts):
        lines = _lines(carried + text, first_line).filter(pl.col("line_number") > shape.header_line)
        end = first_line + (carried + text).count("\n")
        lines, carried = _joined(lines, shape, final=final)
        first_line = end - carried.count("\n")
        yield _block(lines, shape)


def text_blocks(path: Path, encoding: Encoding) -> Iterator[str]:
    """A file's text in parts that end with a line; line ends are one newline, nulls are gone."""
    decoder = codecs.getincrementaldecoder(encoding.codec)("replace")
    rest = ""
    with path.open("rb") as file:
        file.seek(encoding.mark)
        while content := file.read(BLOCK_BYTES):
            text = rest + decoder.decode(content)
            held = "\r" if text.endswith("\r") else ""
            text = _plain(text.removesuffix("\r"))
            cut = text.rfind("\n") + 1
            if cut:
                yield text[:cut]
            rest = text[cut:] + held
    rest = _plain(rest + decoder.decode(b"", final=True))
    if rest:
        yield rest if rest.endswith("\n") else rest + "\n"


def with_final(parts: Iterator[str]) -> Iterator[tuple[str, bool]]:
    """Each part with whether it is the last one."""
    before: str | None = None
    for part in parts:
        if before is not None:
            yield before, False
        before = part
    if before is not None:
        yield before, True


def split_fields(line: str, delimiter: str) -> list[str]:
    """The fields of one record; quotes in the middle of a field stand for themselves."""
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return line.split(delimiter)


def _plain(text: str) -> str:
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return (
        text.replace("\x00", "").replace(_NO_DELIMITER, " ")
        if "\x00" in text or _NO_DELIMITER in text
        else text
    )


def _lines(text: str, first_line: int) -> pl.DataFrame:
    lines = _read(text, _NO_DELIMITER, ["line"], quoted=False)
    numbers = pl.int_range(first_line, first_line + lines.height, eager=True).alias("line_number")
    return lines.with_columns(numbers)


def _read(text: str, delimiter: str, names: list[str], *, quoted: bool) -> pl.DataFrame:
    return pl.read_csv(
        text.encode("utf-8", "replace"),
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


def _joined(lines: pl.DataFrame, shape: Shape, *, final: bool) -> tuple[pl.DataFrame, str]:
    """Lines with quoted fields that run over line ends joined, and the text to carry to the next block."""
    odd = lines["line"].str.count_matches('"', literal=True) % 2 == 1
    if not odd.any():
        return lines, ""
    texts, numbers = lines["line"].to_list(), lines["line_number"].to_list()
    joined, rest = _join_records(texts, odd.arg_true().to_list(), shape, final=final)
    frame = pl.DataFrame(
        {"line": [text for _, text in joined], "line_number": [numbers[start] for start, _ in joined]},
        schema=lines.schema,
    )
    return frame, "".join(f"{text}\n" for text in texts[rest:])


def _join_records(
    lines: list[str], odd: list[int], shape: Shape, *, final: bool
) -> tuple[list[tuple[int, str]], int]:
    """Records with the index of their first line, and the index from which lines are left for the next block."""
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
    fields = _fields(kept, shape)
    return Block(kept.hstack(fields), lines.height - kept.height)


def _fields(lines: pl.DataFrame, shape: Shape) -> pl.DataFrame:
    """The fields of each line; one by one where the quick reader and the lines do not agree."""
    names = [*shape.fields, "extra"]
    text = lines["line"].str.join("\n").item() if lines.height else ""
    try:
        fields = _read(f"{text}\n" if text else "", shape.delimiter, names, quoted='"' in text)
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
