"""CSV and other delimited tables from any bank, understood by their content.

Everything is decided from the whole file in a first reading (encoding, delimiter, header, order of dates,
decimal sign, direction of money), then the lines are read block by block with polars expressions: memory does
not grow with the file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from flows.sources.balances import RunningCheck
from flows.sources.contents import Readable, ascii_view
from flows.sources.delimited.encoding import detect
from flows.sources.delimited.layout import DELIMITERS, find_layout
from flows.sources.delimited.profile import profile
from flows.sources.delimited.reading import Dialect, statement_lines
from flows.sources.delimited.records import Shape, blocks
from flows.sources.lines import BATCH_ROWS
from warehouse.records import STATEMENT_LINE_SCHEMA, ReadingHints, Statement

NAME = "csv"


def identify(head: bytes, name: str) -> bool:  # noqa: ARG001 - the name says nothing
    """Whether a file may be a table of text: anything that is not markup."""
    return not ascii_view(head).lstrip().startswith((b"<", b"{", b"["))


def parse(path: Path, hints: ReadingHints) -> Statement:
    """A statement whose lines are read when they are asked for; raises StatementRefusedError.

    Every record below the header becomes one line, apart from blank lines and a footer, which a note counts.
    """
    return read_table(path, hints)


def read_table(source: Readable, hints: ReadingHints, delimiters: Sequence[str] = DELIMITERS) -> Statement:
    """The same for any text, such as that of a workbook's sheet."""
    encoding = detect(source, hints.country)
    layout = find_layout(source, encoding, delimiters)
    shape = Shape(encoding, layout.delimiter, len(layout.columns), layout.header_line)
    decided = profile(source, shape, layout, hints)
    frames = _batches(source, shape, decided.dialect)
    check = RunningCheck(is_ascending=decided.proof.is_ascending)
    is_proved = decided.proof.holds or decided.proof.contradicts
    return Statement(
        source_format=NAME,
        accounts=decided.accounts,
        batches=check.watch(frames) if is_proved else frames,
        notes=tuple(filter(None, (encoding.note, *decided.notes))),
        later_notes=check.notes,
    )


def _batches(source: Readable, shape: Shape, dialect: Dialect) -> Iterator[pl.DataFrame]:
    is_empty = True
    for block in blocks(source, shape):
        records = block.records
        if dialect.last_line is not None:
            records = records.filter(pl.col("line_number") <= dialect.last_line)
        for part in records.iter_slices(BATCH_ROWS):
            if part.height:
                is_empty = False
                yield statement_lines(part, dialect)
    if is_empty:
        yield STATEMENT_LINE_SCHEMA.to_frame()
