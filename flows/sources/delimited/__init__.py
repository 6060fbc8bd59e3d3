"""CSV and other delimited tables from any bank, understood by their content.

Everything is decided from the whole file in a first reading (encoding, delimiter, header, order of dates,
decimal sign, direction of money), then the lines are read block by block with polars expressions: memory does
not grow with the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from flows.sources.contents import ascii_view
from flows.sources.delimited.encoding import detect
from flows.sources.delimited.layout import find_layout
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
    encoding = detect(path, hints.country)
    layout = find_layout(path, encoding)
    shape = Shape(encoding, layout.delimiter, len(layout.columns), layout.header_line)
    decided = profile(path, shape, layout, hints)
    return Statement(
        source_format=NAME,
        accounts=decided.accounts,
        batches=_batches(path, shape, decided.dialect),
        notes=tuple(filter(None, (encoding.note, *decided.notes))),
    )


def _batches(path: Path, shape: Shape, dialect: Dialect) -> Iterator[pl.DataFrame]:
    is_empty = True
    for block in blocks(path, shape):
        records = block.records
        if dialect.last_line is not None:
            records = records.filter(pl.col("line_number") <= dialect.last_line)
        for part in records.iter_slices(BATCH_ROWS):
            if part.height:
                is_empty = False
                yield statement_lines(part, dialect)
    if is_empty:
        yield STATEMENT_LINE_SCHEMA.to_frame()
