"""Damaged files of every kind: each is read with what is wrong told, or refused; nothing else comes of it."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path

import openpyxl
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows.sources import read_statement
from warehouse.records import STATEMENT_LINE_SCHEMA, ReadingHints, StatementRefusedError

GOLDEN = Path(__file__).parent / "golden"
TEXTS = sorted(path.name for path in GOLDEN.iterdir() if path.suffix != ".json")
INSERTED = [
    b"\n", b"\r", b'"', b";", b",", b"\x00", b"<", b">", b"&", b"]]>", b":61:", b":25:", b"^\n",
    b"!Type:Invst\n",
    b"\xff", b"\xd0\xb9", b"-", b"-}", b"99999999999999999999", b"1e9999", b"NaN", b"=", b"\t",
    b"\xef\xbb\xbf",
]  # fmt: skip

places = st.floats(0, 1, exclude_max=True)
changes = st.one_of(
    st.tuples(st.just("replace"), places, st.binary(min_size=1, max_size=1)),
    st.tuples(st.just("delete"), places, st.integers(1, 60).map(bytes)),
    st.tuples(st.just("insert"), places, st.sampled_from(INSERTED)),
    st.tuples(st.just("repeat"), places, st.integers(1, 300).map(bytes)),
    st.tuples(st.just("cut"), places, st.just(b"")),
    st.tuples(st.just("recode"), places, st.sampled_from([b"utf-16", b"utf-32", b"cp037", b"utf-8"])),
)


def changed(content: bytes, kind: str, place: float, value: bytes) -> bytes:
    start = int(place * len(content))
    match kind:
        case "replace":
            return content[:start] + value + content[start + 1 :]
        case "delete":
            return content[:start] + content[start + len(value) :]
        case "insert":
            return content[:start] + value + content[start:]
        case "repeat":
            return content[: start + len(value)] + content[start:]
        case "cut":
            return content[:start]
        case _:
            return content.decode("latin-1").encode(value.decode())


def read_or_refuse(path: Path) -> pl.DataFrame | None:
    """The lines, which must be whole; None for a refusal, which must say something."""
    try:
        statement = read_statement(path, ReadingHints(currency="EUR"))
        lines = pl.concat(list(statement.batches))
        notes = (*statement.notes, *statement.later_notes())
    except StatementRefusedError as error:
        assert path.name in str(error)  # noqa: PT017 - either it is read or it is refused
        return None
    assert all(notes)
    assert lines.schema == STATEMENT_LINE_SCHEMA
    assert lines["line_number"].is_unique().all()
    accepted = lines.filter(pl.col("problem").is_null())
    assert accepted.select("amount_minor", "booked_date", "currency").null_count().sum_horizontal().sum() == 0
    return lines


@pytest.mark.parametrize("name", TEXTS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(damage=st.lists(changes, min_size=1, max_size=4))
def test_a_damaged_file_is_read_or_refused(
    tmp_path: Path, name: str, damage: list[tuple[str, float, bytes]]
) -> None:
    content = (GOLDEN / name).read_bytes()
    for kind, place, value in damage:
        content = changed(content, kind, place, value)
    path = tmp_path / name
    path.write_bytes(content)
    read_or_refuse(path)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(damage=st.lists(changes, min_size=1, max_size=2))
def test_a_damaged_workbook_is_read_or_refused(
    tmp_path: Path, damage: list[tuple[str, float, bytes]]
) -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for row in (["Date", "Description", "Amount"], [date(2024, 1, 31), "a", -1.5]):
        sheet.append(row)
    packed = io.BytesIO()
    book.save(packed)
    content = packed.getvalue()
    for kind, place, value in damage:
        content = changed(content, kind, place, value)
    path = tmp_path / "a.xlsx"
    path.write_bytes(content)
    read_or_refuse(path)


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("suffix", [".csv", ".ofx", ".sta", ".xml", ".qif", ".xlsx", ".pdf", ""])
def test_the_content_decides_and_not_the_name(tmp_path: Path, name: str, suffix: str) -> None:
    path = tmp_path / f"statement{suffix}"
    path.write_bytes((GOLDEN / name).read_bytes())
    expected = read_or_refuse(GOLDEN / name)
    found = read_or_refuse(path)
    assert expected is not None
    assert found is not None
    assert found.equals(expected)


@pytest.mark.parametrize("name", ["acme_2024-01.ofx", "acme_2024-01.xml", "acme_2024-01.sta"])
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.floats(0.5, 0.98))
def test_a_file_that_is_cut_off_is_refused(tmp_path: Path, name: str, place: float) -> None:
    content = (GOLDEN / name).read_bytes().rstrip()
    path = tmp_path / name
    path.write_bytes(content[: int(place * len(content))])
    if path.stat().st_size < len(content) - len(b"2785,10\n-}"):
        assert read_or_refuse(path) is None
