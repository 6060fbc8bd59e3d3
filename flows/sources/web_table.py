"""Tables of web pages that banks give as "Excel" files: each is understood as a CSV file is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from lxml import etree, html

from flows.sources import workbook_cells
from flows.sources.contents import Content, ascii_view, is_web_page, refuse, refuse_page
from flows.sources.delimited import read_table
from flows.sources.delimited.encoding import detect
from warehouse.records import ReadingHints, Statement, StatementRefusedError

NAME = "html"

#: A page is held in memory as a tree, twenty times its size.
_MOST_BYTES = 64 << 20
_CHARSET = re.compile(rb"charset\s*=\s*[\"']?([A-Za-z0-9_\-]+)", re.IGNORECASE)
_PROLOG = re.compile(r"^\s*<\?xml[^>]*>")
_FEWEST_ROWS = 2


def identify(head: bytes, name: str) -> bool:  # noqa: ARG001 - they are called .xls
    """Whether a file is a web page."""
    return is_web_page(ascii_view(head))


def parse(path: Path, hints: ReadingHints) -> Statement:
    """The statement in the page's largest table that is one; raises StatementRefusedError.

    Line numbers are the table's rows.
    """
    content = path.read_bytes()
    if len(content) > _MOST_BYTES:
        refuse(
            path.name, f"the web page is larger than {_MOST_BYTES >> 20} MB", "Export the statement as CSV."
        )
    tables = sorted(_tables(path, content, hints), key=len, reverse=True)
    refusals: list[StatementRefusedError] = []
    for rows in tables:
        text = "".join(workbook_cells.row_texts(iter(rows))).encode()
        try:
            found = read_table(Content(path.name, text), hints, (workbook_cells.DELIMITER,))
        except StatementRefusedError as error:
            refusals.append(error)
        else:
            return replace(found, source_format=NAME)
    if any("its table" in str(error) for error in refusals):
        raise refusals[0]
    return refuse_page(ascii_view(content[:_HEAD]), path.name)


_HEAD = 1 << 16


def _tables(path: Path, content: bytes, hints: ReadingHints) -> Iterator[list[list[workbook_cells.Cell]]]:
    declared = _CHARSET.search(ascii_view(content[:_HEAD]))
    codec = declared[1].decode() if declared else detect(path, hints.country).codec
    try:
        text = _PROLOG.sub("", content.decode(codec, "replace").lstrip("\ufeff").replace("\x00", ""))
        page = html.document_fromstring(text, parser=_parser())
    except (LookupError, ValueError, etree.ParserError, etree.XMLSyntaxError):
        return
    for table in page.iter("table"):
        rows = [list(_cells(row)) for row in table.iter("tr") if next(row.iterancestors("table")) is table]
        if len(rows) >= _FEWEST_ROWS:
            yield rows


def _parser() -> html.HTMLParser:
    return html.HTMLParser(no_network=True, remove_comments=True, remove_pis=True)


def _cells(row: html.HtmlElement) -> Iterator[workbook_cells.Cell]:
    """The texts of a row's cells; one that spans columns takes as many places."""
    for cell in row.iterchildren("td", "th"):
        yield " ".join(str(cell.text_content()).split())
        span = cell.get("colspan", "1")
        yield from [""] * (min(int(span), _MOST_COLUMNS) - 1 if span.isdigit() else 0)


_MOST_COLUMNS = 100
