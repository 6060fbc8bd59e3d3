"""Bank statement files of any kind, read into one shape by pure parsers.

Each source is a module with ``NAME``, ``identify(head, name)`` and ``parse(path, hints)``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from flows.sources import camt, delimited, mt940, ofx, qif, web_table, workbook
from flows.sources.contents import read_head, refuse, refuse_foreign
from warehouse.records import ReadingHints, Statement


class Source(Protocol):
    """One kind of statement file."""

    NAME: str

    def identify(self, head: bytes, name: str) -> bool:
        """Whether a file with these first bytes is of this kind."""
        ...

    def parse(self, path: Path, hints: ReadingHints) -> Statement:
        """The statement in the file; raises StatementRefusedError."""
        ...


#: In the order of asking: what names itself first, tables of any bank last.
SOURCES: tuple[Source, ...] = (workbook, web_table, ofx, camt, mt940, qif, delimited)


def read_statement(path: Path, hints: ReadingHints = ReadingHints()) -> Statement:  # noqa: B008 - it is frozen
    """The statement in a file of any supported kind; its batches are read as they are asked for.

    Raises StatementRefusedError, which says what is wrong with the file, where, and what to do; a file that
    turns out broken in its middle may raise it while its batches are read.
    """
    head = read_head(path)
    refuse_foreign(head, path.name)
    source = next((source for source in SOURCES if source.identify(head, path.name)), None)
    if source is None:
        refuse(
            path.name,
            "its format is not known",
            "Download the statement from the bank as OFX, CAMT.053, MT940, XLSX or CSV and import that file.",
        )
    return source.parse(path, hints)
