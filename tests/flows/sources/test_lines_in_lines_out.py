"""Nothing is dropped in silence: what cannot be read is a line with its problem, or counted in a note."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows.sources import read_statement
from flows.sources.delimited import records
from tests.flows.sources.conftest import Read, lines_of
from warehouse.money import Money
from warehouse.records import ReadingHints

BROKEN = """Date,Description,Amount
2024-01-13,Shop,-1.23
2024-02-31,Impossible day,5.00
2024-01-14,Bad amount,abc
2024-01-15,Too fine,1.234
foo,No day,1.00
2024-01-16,"stray 12"" pizza",-2.00
2024-01-17,5" pipe,-2.00
2024-01-18,"two
lines",-3.00

2024-01-19,too,many,4.00
2024-01-20
2024-01-21,Huge,99999999999999999999.00
,,
Total,,5.00
"""


def test_each_broken_line_says_what_is_wrong_and_the_rest_goes_on(read: Read) -> None:
    statement, lines = read(BROKEN, currency="EUR")
    problems = {line["line_number"]: line["problem"] for line in lines}
    assert problems == {
        2: None,
        3: "column 'Date': '2024-02-31' is not a date",
        4: "column 'Amount': 'abc' is not an amount",
        5: "column 'Amount': '1.234' has more than the 2 decimals of its currency",
        6: "column 'Date': 'foo' is not a date",
        7: None,
        8: None,
        9: None,
        12: "more fields than the header has columns: a text with the delimiter in it is probably not"
        " quoted; column 'Amount': 'many' is not an amount",
        13: "column 'Amount': the amount is missing",
        14: "column 'Amount': '99999999999999999999.00' is too large to be an amount",
    }
    assert "lines left out: 1 below it, 2 blank" in statement.notes


def test_quotes_in_texts_do_not_swallow_lines(read: Read) -> None:
    _, lines = read(BROKEN, currency="EUR")
    texts = {line["line_number"]: line["description"] for line in lines}
    assert (texts[7], texts[8], texts[9]) == ('stray 12" pizza', '5" pipe', "two lines")


def test_raw_is_the_line_as_received_by_column_name(read: Read) -> None:
    _, lines = read(BROKEN, currency="EUR")
    raw = {line["line_number"]: json.loads(line["raw"]) for line in lines}
    assert raw[3] == {"Date": "2024-02-31", "Description": "Impossible day", "Amount": "5.00"}
    assert raw[12] == {"line": "2024-01-19,too,many,4.00"}


def test_bytes_of_another_encoding_are_a_problem_of_their_line(read: Read) -> None:
    good = "Date;Description;Amount\n13.01.2024;Кафе;-1,50\n14.01.2024;Кафе;-2,50\n".encode()
    statement, lines = read(good + "15.01.2024;Кафе;-3,50\n".encode("cp1251"), currency="BGN")
    assert [line["problem"] for line in lines] == [None, None, "bytes that do not fit the file's encoding"]
    assert "some bytes are not UTF-8" in statement.notes


def test_a_dateless_line_at_the_end_that_looks_like_a_purchase_is_kept(read: Read) -> None:
    _, lines = read("Date,Description,Amount\n2024-01-13,a,-1.00\n,Coffee,-2.00\n", currency="EUR")
    assert [line["problem"] for line in lines] == [None, "column 'Date': the date is missing"]


def test_a_table_without_lines_gives_one_empty_batch(read: Read) -> None:
    statement, lines = read("Date,Description,Amount\n", currency="EUR")
    assert lines == []
    assert "the table holds no transactions" in statement.notes


amounts = st.integers(min_value=-(10**12), max_value=10**12)
texts = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Zl", "Zp")), max_size=20)
days = st.dates(min_value=date(1990, 1, 1), max_value=date(2060, 12, 31))


@st.composite
def dialects(draw: st.DrawFn) -> dict[str, str]:
    decimal = draw(st.sampled_from([".", ","]))
    group = draw(st.sampled_from(["", " ", "\u00a0", "'", "," if decimal == "." else "."]))
    return {
        "decimal": decimal,
        "group": group,
        "delimiter": draw(st.sampled_from([",", ";", "\t", "|"])),
        "date": draw(
            st.sampled_from(["%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%Y%m%d", "%d-%b-%Y", "%Y-%m-%dT%H:%M:%S"])
        ),
        "minus": draw(st.sampled_from(["-{}", "{}-", "({})", "−{}", "- {}"])),
        "currency": draw(st.sampled_from(["EUR", "JPY", "KWD"])),
        "newline": draw(st.sampled_from(["\n", "\r\n"])),
        "encoding": draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16"])),
    }


def written(minor: int, dialect: dict[str, str]) -> str:
    """An amount as a dialect writes it, with all the decimals of its currency."""
    text = f"{abs(Money(minor, dialect['currency']).decimal):,}"
    text = text.replace(",", "\0").replace(".", dialect["decimal"]).replace("\0", dialect["group"])
    return dialect["minus"].format(text) if minor < 0 else text


def quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(dialect=dialects(), rows=st.lists(st.tuples(days, amounts, texts), min_size=1, max_size=8))
def test_what_a_dialect_writes_is_read_back_exactly(
    read: Read, dialect: dict[str, str], rows: list[tuple[date, int, str]]
) -> None:
    # A line that settles what is open: a day beyond 12, and an amount with both separators.
    rows = [(date(2024, 1, 31), -(10**9) - 1, "settles it"), *rows]
    header = dialect["delimiter"].join(("Date", "Description", "Amount", "Currency"))
    lines = [
        dialect["delimiter"].join(
            (
                day.strftime(dialect["date"]),
                quoted(text),
                quoted(written(minor, dialect)),
                dialect["currency"],
            )
        )
        for day, minor, text in rows
    ]  # fmt: skip
    content = dialect["newline"].join([header, *lines]) + dialect["newline"]
    _, found = read(content, encoding=dialect["encoding"])
    assert [line["problem"] for line in found] == [None] * len(rows)
    assert [line["booked_date"] for line in found] == [day for day, _, _ in rows]
    expected = [minor for _, minor, _ in rows]
    assert [line["amount_minor"] for line in found] == expected


cells = st.one_of(
    st.sampled_from(["2024-01-13", "31.02.2024", "-1,50", "1.234,00", '"', 'a "b" c', "", " ", "x,y"]),
    texts,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.lists(cells, min_size=3, max_size=3), max_size=12), raw=st.booleans())
def test_as_many_lines_come_out_as_went_in(read: Read, rows: list[list[str]], raw: bool) -> None:  # noqa: FBT001
    """Between a first and a last good line every record that is not blank is a line, quoted or not."""
    body = [";".join(row if raw else map(quoted, row)).replace("\n", " ").replace("\r", " ") for row in rows]
    if raw:
        body = [line.replace('"', "") for line in body]
    content = "\n".join(["Date;Description;Amount", "2024-01-13;first;-1,50", *body, "2024-01-14;last;-1,50"])
    _, found = read(content, currency="EUR")
    blank = sum(not line.strip('; \t"\ufeff') for line in body)
    assert len(found) == len(body) - blank + 2


def test_blocks_of_any_size_give_the_same_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Records that run over the end of a block are neither cut nor lost."""
    path = tmp_path / "statement.csv"
    path.write_text(BROKEN, encoding="utf-8")
    whole = lines_of(read_statement(path, ReadingHints(currency="EUR")))
    for size in (1, 7, 64, 200):
        monkeypatch.setattr(records, "BLOCK_BYTES", size)
        assert lines_of(read_statement(path, ReadingHints(currency="EUR"))) == whole
