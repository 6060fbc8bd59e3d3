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
from flows.sources.delimited.choosing import choose_layout
from flows.sources.delimited.encoding import detect
from flows.sources.delimited.layout import DELIMITERS
from flows.sources.delimited.mapping import fingerprint_of
from flows.sources.delimited.profile import profile
from flows.sources.delimited.reading import Dialect, statement_lines
from flows.sources.delimited.records import Shape, blocks
from flows.sources.delimited.remarks import without_remarks
from flows.sources.delimited.understanding import decisions
from flows.sources.delimited.vocabulary import Role
from flows.sources.lines import BATCH_ROWS
from warehouse.records import STATEMENT_LINE_SCHEMA, ReadingHints, Statement

NAME = "csv"


def identify(head: bytes, name: str) -> bool:  # noqa: ARG001 - the name says nothing
    """Whether a file may be a table of text: anything that is not markup."""
    return not ascii_view(head).lstrip().startswith((b"<", b"{", b"["))


def parse(path: Path, hints: ReadingHints) -> Statement:
    """A statement whose lines are read when they are asked for; raises StatementRefusedError.

    Every record below the header becomes one line, apart from blank lines, a footer and what surely is no
    transaction (see ``without_remarks``), which a note counts.
    """
    return read_table(path, hints)


def read_table(source: Readable, hints: ReadingHints, delimiters: Sequence[str] = DELIMITERS) -> Statement:
    """The same for any text, such as that of a workbook's sheet."""
    encoding = detect(source, hints.country)
    layout = choose_layout(source, encoding, delimiters, hints.layouts)
    shape = Shape(encoding, layout.delimiter, len(layout.columns), layout.header_line or layout.skipped)
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
        decisions=decisions(encoding, decided, hints),
        fingerprint=fingerprint_of(layout),
    )


def _batches(source: Readable, shape: Shape, dialect: Dialect) -> Iterator[pl.DataFrame]:
    is_empty = True
    for part, context in _with_context(_parts(source, shape, dialect), dialect):
        is_empty = False
        yield _lines(part, context, dialect)
    if is_empty:
        yield STATEMENT_LINE_SCHEMA.to_frame()


def _parts(source: Readable, shape: Shape, dialect: Dialect) -> Iterator[pl.DataFrame]:
    """The table's records in parts of at most BATCH_ROWS."""
    for block in blocks(source, shape):
        records = without_remarks(block.records, dialect.layout)
        if dialect.last_line is not None:
            records = records.filter(pl.col("line_number") <= dialect.last_line)
        for part in records.iter_slices(BATCH_ROWS):
            if part.height:
                yield part


def _with_context(
    parts: Iterator[pl.DataFrame], dialect: Dialect
) -> Iterator[tuple[pl.DataFrame, pl.DataFrame | None]]:
    """Each part with the records beside it whose balances its own lines need, where they need any."""
    if not dialect.rule.from_balance:
        for part in parts:
            yield part, None
    elif dialect.rule.is_ascending:
        before: pl.DataFrame | None = None
        for part in parts:
            yield part, before
            before = _nearest(part, dialect, last=True)
    else:
        held: pl.DataFrame | None = None
        for part in parts:
            if held is not None:
                yield held, _nearest(part, dialect, last=False)
            held = part
        if held is not None:
            yield held, None


def _nearest(part: pl.DataFrame, dialect: Dialect, *, last: bool) -> pl.DataFrame:
    """The last or first record of each account that states a balance."""
    balance = dialect.layout.column(Role.BALANCE)
    stated = part.filter(pl.col(f"f{balance}").str.strip_chars() != "")
    if dialect.account_column is None:
        return stated.tail(1) if last else stated.head(1)
    groups = stated.group_by(f"f{dialect.account_column}", maintain_order=True)
    return groups.tail(1) if last else groups.head(1)


def _lines(part: pl.DataFrame, context: pl.DataFrame | None, dialect: Dialect) -> pl.DataFrame:
    if context is None or not context.height:
        return statement_lines(part, dialect)
    around = [context, part] if dialect.rule.is_ascending else [part, context]
    lines = statement_lines(pl.concat(around, how="diagonal"), dialect)
    return lines.tail(part.height) if dialect.rule.is_ascending else lines.head(part.height)
