"""Web pages that banks give as "Excel" files."""

from __future__ import annotations

from datetime import date

import pytest

from tests.flows.sources.conftest import Read
from warehouse.records import StatementRefusedError

PAGE = """<html><head><meta charset="{}"><title>Export</title></head><body>
<table><tr><td colspan="3">Konto 123</td></tr><tr><td>x</td></tr></table>
<table><tr><th>Buchungstag</th><th>Text</th><th>Betrag</th></tr>
<tr><td>13.01.2024</td><td>Café &amp;<br> Co</td><td align=right>-1.234,50</td></tr>
<tr><td>31.02.2024</td><td>never</td><td>1,00</td></tr></table></body></html>"""


@pytest.mark.parametrize("encoding", ["utf-8", "windows-1252"])
def test_the_table_of_a_page_is_read_as_a_table(read: Read, encoding: str) -> None:
    statement, lines = read(PAGE.format(encoding), name="export.xls", encoding=encoding, currency="EUR")
    assert statement.source_format == "html"
    assert [(line["booked_date"], line["amount_minor"], line["description"]) for line in lines] == [
        (date(2024, 1, 13), -123450, "Café & Co"),
        (None, 100, "never"),
    ]
    assert lines[1]["problem"] == "column 'Buchungstag': '31.02.2024' is not a date"


def test_a_bare_table_is_read(read: Read) -> None:
    table = PAGE[PAGE.rindex("<table>") : PAGE.rindex("</body>")]
    assert len(read(table, name="export.xls", currency="EUR")[1]) == 2


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("<!DOCTYPE html><html><title>Login</title><table><tr><td>User</td></tr></table></html>", "'Login'"),
        (
            "<html><table><tr><td>Date</td><td>Text</td></tr><tr><td>a</td><td>b</td></tr></table></html>",
            "lacks",
        ),
        ("<html></html>", "it is a web page"),
        ("<html><table><tr><td>", "it is a web page"),
    ],
)
def test_a_page_without_a_statement_is_refused(read: Read, page: str, said: str) -> None:
    with pytest.raises(StatementRefusedError, match=said):
        read(page, name="export.xls", currency="EUR")
