"""What is refused, and that the refusal says what is wrong, where, and what to do."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path

import pytest

from flows.sources import read_statement
from tests.flows.sources.conftest import Read
from warehouse.records import StatementRefusedError

GOLDEN = Path(__file__).parent / "golden"
OFX = (GOLDEN / "acme_2024-01.ofx").read_bytes()
CAMT = (GOLDEN / "acme_2024-01.xml").read_bytes()
SIGNON = "<SIGNONMSGSRSV1><SONRS><STATUS><CODE>{}<SEVERITY>{}<MESSAGE>{}</STATUS></SONRS></SIGNONMSGSRSV1>"
BOMB = b"""<?xml version="1.0"?>
<!DOCTYPE Document [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"><BkToCstmrStmt>&b;</BkToCstmrStmt></Document>
"""


def workbook() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return content.getvalue()


def plain_zip() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("statement.csv", "Date,Amount\n")
    return content.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", b"", "the file is empty. Download the statement from the bank again."),
        ("a.csv", b" \r\n\r\n", "the file holds nothing but blanks"),
        ("a.csv", b"%PDF-1.7\n...", "it is a PDF document, whatever its name says. Download the statement"),
        ("a.csv", workbook(), "the workbook is broken"),
        ("a.ofx", plain_zip(), "it is a zip archive. Unpack it and import the files inside."),
        ("a.csv", gzip.compress(b"Date,Amount\n", mtime=0), "it is a gzip archive"),
        ("a.csv", b"\x89PNG\r\n\x1a\n\x00\x00", "it is a PNG image"),
        ("a.csv", bytes(range(256)) * 8, "it is a binary file, not text"),
        (
            "a.ofx",
            b"<!DOCTYPE html>\n<html><head><title>Sign\n in</title></head></html>",
            "it is a web page titled 'Sign in', not a statement; the bank probably asked to log in",
        ),
        ("a.csv", b":20:STARTUMS\r\n:25:1234/5678\r\n:28C:1\r\n", "it is a fragment of an MT940 statement"),
        ("a.json", b'{"transactions": []}', "its format is not known"),
        (
            "a.txt",
            b"Dear customer,\nplease find nothing attached.\n",
            "no table with a header was found in it",
        ),
        (
            "a.ofx",
            OFX[: OFX.index(b"<FITID>A3")],
            "the file is cut off: it ends after 2 complete transactions",
        ),
        ("a.ofx", OFX.replace(b"</OFX>", b""), "the file is cut off: it ends after 7 complete transactions"),
        ("a.ofx", b"<OFX></OFX>", "it holds an empty OFX element but no statement"),
        (
            "a.ofx",
            f"<OFX>{SIGNON.format(0, 'INFO', 'OK')}</OFX>".encode(),
            "it holds only the reply to a login but no statement",
        ),
        (
            "a.ofx",
            f"<OFX>{SIGNON.format(15500, 'ERROR', 'Password wrong')}</OFX>".encode(),
            "the bank reports an error instead of a statement: Password wrong (code 15500)",
        ),
        (
            "a.ofx",
            b"<OFX><ACCTINFO><DESC>A</ACCTINFO><ACCTINFO><DESC>B</ACCTINFO></OFX>",
            "it holds a list of 2 accounts but no statement",
        ),
        (
            "a.ofx",
            b"<OFX><INVSTMTRS><INVACCTFROM><ACCTID>1</INVACCTFROM></INVSTMTRS></OFX>",
            "it is an investment statement without any banking lines",
        ),
        (
            "a.xml",
            CAMT[: CAMT.index(b"<AddtlNtryInf>")],
            "the file is cut off: it ends after 3 complete entries",
        ),
        ("a.xml", CAMT.replace(b"</Ntry>", b"</Nope>", 1), "the XML is broken in line 21"),
        ("a.xml", BOMB, "it carries a document type declaration"),
        (
            "a.xml",
            b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"><BkToCstmrStmt/></Document>',
            "the message holds no statement (no Stmt, Rpt or Ntfctn element)",
        ),
    ],
)
def test_a_file_that_is_no_statement_is_refused(read: Read, name: str, content: bytes, said: str) -> None:
    with pytest.raises(StatementRefusedError) as refusal:
        read(content, name=name, currency="EUR")
    assert str(refusal.value).startswith(f"{name} cannot be read as a bank statement: ")
    assert said in str(refusal.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            "Name,Age,City\nx,1,y\n",
            (
                "its table (line 1) has the columns 'Name', 'Age', 'City' but lacks a date (such as Date, "
                "Buchungstag, Дата) and an amount (such as Amount, Betrag, Сума) or debit and credit columns"
            ),
        ),
        ("Date,Description,Debit\n2024-01-13,a,1.00\n", "lacks the other one of debit and credit"),
        (
            "Date,Description,Amount\nyesterday,a,1.00\nsoon,b,2.00\n",
            "column 'Date' holds no dates that can be read (it begins with 'yesterday', 'soon')",
        ),
        ("1,2,3\n4,5,6\n", "no table with a header was found in it; its first line is '1,2,3'"),
    ],
)
def test_a_table_that_is_no_statement_is_refused_with_its_columns(
    read: Read, content: str, said: str
) -> None:
    with pytest.raises(StatementRefusedError) as refusal:
        read(content, currency="EUR")
    assert said in str(refusal.value)


def test_a_table_without_any_currency_is_refused_unless_the_user_has_one(read: Read) -> None:
    content = "Date,Description,Amount\n2024-01-13,a,-1.00\n"
    with pytest.raises(StatementRefusedError, match="it names no currency") as refusal:
        read(content)
    assert "Import it again and say the currency" in str(refusal.value)
    assert read(content, currency="EUR")[1][0]["currency"] == "EUR"


def test_a_file_that_cannot_be_opened_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StatementRefusedError, match="it cannot be opened"):
        read_statement(tmp_path / "missing.csv")
