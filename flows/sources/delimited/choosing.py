"""Which table of a file is the statement: the one that the user has named, else the best understood."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from flows.sources.contents import Readable, refuse
from flows.sources.delimited.encoding import Encoding
from flows.sources.delimited.headerless import content_roles
from flows.sources.delimited.layout import (
    Layout,
    bare_table,
    find_layout,
    missing,
    quality,
    records_near_top,
    refuse_incomplete,
    sample_lines,
)
from flows.sources.delimited.mapping import (
    UnknownColumnError,
    column_index,
    fingerprint_of,
    saved_for,
    with_mapping,
)
from warehouse.records import StatementLayout


def choose_layout(
    source: Readable, encoding: Encoding, delimiters: Sequence[str], saved: Sequence[StatementLayout]
) -> Layout:
    """The layout of a table, by the user's word where there is one; raises StatementRefusedError."""
    if not saved:
        return find_layout(source, encoding, delimiters)
    lines = sample_lines(source, encoding)
    for layout in records_near_top(lines, delimiters):
        known = saved_for(saved, fingerprint_of(layout))
        if known is not None and known.fingerprint:
            return _mapped(source, layout, known)
    for delimiter in delimiters:
        found = _bare(lines, delimiter)
        known = None if found is None else saved_for(saved, fingerprint_of(found))
        if found is not None and known is not None and known.fingerprint:
            return _mapped(source, found, known)
    here = saved_for(saved, "")
    if here is not None:
        return _chosen(source, encoding, lines, delimiters, here)
    layout = find_layout(source, encoding, delimiters)
    known = saved_for(saved, fingerprint_of(layout))
    return layout if known is None else _mapped(source, layout, known)


def _chosen(
    source: Readable,
    encoding: Encoding,
    lines: Sequence[str],
    delimiters: Sequence[str],
    said: StatementLayout,
) -> Layout:
    """The table that a user speaks of: by its header line, by its columns, or the best one."""
    tops = [
        layout
        for layout in records_near_top(lines, delimiters)
        if said.header_line in {0, layout.header_line} and _has_columns(layout, said)
    ]
    if said.header_line or said.columns:
        complete = [layout for layout in tops if not missing(with_mapping(layout, said))]
        if complete:
            return with_mapping(max(complete, key=quality), said)
    for delimiter in delimiters if not said.header_line else ():
        if (found := _bare(lines, delimiter)) and _has_columns(found, said):
            layout = with_mapping(found, said)
            if not missing(layout):
                return layout
    if tops and (said.header_line or said.columns):
        refuse_incomplete(source, tops, lines)
    return _mapped(source, find_layout(source, encoding, delimiters), said)


def _bare(lines: Sequence[str], delimiter: str) -> Layout | None:
    """A table without a header, with what can be told of its columns."""
    found = bare_table(lines, delimiter)
    if found is None:
        return None
    layout, columns = found
    return replace(layout, roles=content_roles(layout.kinds, columns) or {})


def _has_columns(layout: Layout, said: StatementLayout) -> bool:
    try:
        for _, column in said.columns:
            column_index(layout, column)
    except UnknownColumnError:
        return False
    return True


def _mapped(source: Readable, layout: Layout, said: StatementLayout) -> Layout:
    try:
        return with_mapping(layout, said)
    except UnknownColumnError as error:
        refuse(source.name, str(error), "Name the columns as the header has them, or by number.")
