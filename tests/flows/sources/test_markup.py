"""OFX and CAMT as real banks write them, beside the golden pairs."""

from __future__ import annotations

import json
import warnings
from decimal import Decimal
from pathlib import Path

import pytest
from ofxtools.Parser import OFXTree

from flows.sources import read_statement
from tests.flows.sources.conftest import Read, lines_of

GOLDEN = Path(__file__).parent / "golden"
HEADER = "OFXHEADER:100\nDATA:OFXSGML\nVERSION:102\nENCODING:USASCII\nCHARSET:1252\n\n"
STATEMENT = (
    "<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>{currency}"
    "<BANKACCTFROM><ACCTID>1<ACCTTYPE>SAVINGS</BANKACCTFROM>"
    "<BANKTRANLIST><STMTTRN><TRNTYPE>DEBIT<DTPOSTED>20240115<TRNAMT>{amount}<FITID>F<NAME>{name}</STMTTRN>"
    "</BANKTRANLIST></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>"
)


def ofx(amount: str = "-1.00", name: str = "X", currency: str = "EUR") -> str:
    return STATEMENT.format(amount=amount, name=name, currency=currency)


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("-2000,00", "EUR", -200000),
        ("+12.5", "EUR", 1250),
        ("1,234.56", "EUR", 123456),
        ("1.234,56", "EUR", 123456),
        ("-.5", "EUR", -50),
        ("1500", "JPY", 1500),
        ("1.234", "KWD", 1234),
        ("-00000000001500.0000", "USD", -150000),
    ],
)
def test_ofx_amounts_are_exact(read: Read, amount: str, currency: str, minor: int) -> None:
    _, lines = read(HEADER + ofx(amount, currency=currency), name="a.ofx")
    assert lines[0]["amount_minor"] == minor


@pytest.mark.parametrize("amount", ["1.005", "12,345", "1e3", "NaN", "--1", "1_0", ""])
def test_an_ofx_amount_that_is_none_or_too_fine_is_a_problem(read: Read, amount: str) -> None:
    _, lines = read(HEADER + ofx(amount), name="a.ofx")
    assert lines[0]["amount_minor"] is None
    assert "TRNAMT" in lines[0]["problem"]


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16"])
def test_ofx_text_is_read_by_its_bytes_before_its_header(read: Read, encoding: str) -> None:
    _, lines = read((HEADER + ofx(name="ÉNERGIE ¦ &amp; FILS")).encode(encoding), name="a.qfx")
    assert lines[0]["counterparty"] == "ÉNERGIE ¦ & FILS"


@pytest.mark.parametrize(
    "head", ["", "\n\n\n", '<?xml version="1.0" encoding="UTF-8"?>\n<?OFX OFXHEADER="200"?>\n']
)
def test_ofx_is_read_whatever_stands_before_it(read: Read, head: str) -> None:
    statement, lines = read(head + ofx(), name="noname")
    assert (statement.source_format, len(lines)) == ("ofx", 1)


def test_the_ofx_date_is_the_one_the_bank_wrote(read: Read) -> None:
    text = ofx().replace("20240115", "20240115235959.999[-8:PST]")
    _, lines = read(text, name="a.ofx")
    assert str(lines[0]["booked_date"]) == "2024-01-15"


def test_an_ofx_statement_without_lines_is_a_statement(read: Read) -> None:
    text = ofx()
    start, end = text.index("<STMTTRN>"), text.index("</BANKTRANLIST>")
    statement, lines = read(text[:start] + text[end:], name="a.ofx")
    assert lines == []
    assert statement.notes == ("the statement holds no transactions",)


def test_the_ofx_reader_agrees_with_ofxtools_where_that_reads_a_file() -> None:
    text = (GOLDEN / "acme_2024-01.ofx").read_text(encoding="utf-8")
    tree = OFXTree()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what ofxtools warns of is not ours to mend
        tree.parse(str(GOLDEN / "acme_2024-01.ofx"))
    root = tree.getroot()
    assert root is not None
    theirs = [
        (
            line.findtext("FITID"),
            Decimal(str(line.findtext("TRNAMT")).replace(",", ".")),
            line.findtext("DTPOSTED"),
        )
        for line in root.iter("STMTTRN")
    ]
    raw = [json.loads(line["raw"]) for line in lines_of(read_statement(GOLDEN / "acme_2024-01.ofx"))]
    ours = [
        (line["FITID"], Decimal(line["TRNAMT"].replace(",", ".")), line["DTPOSTED"])
        for line in raw
        if "DTPOSTED" in line
    ]
    assert ours == theirs
    assert text.count("<STMTTRN>") == len(ours)


CAMT = (GOLDEN / "acme_2024-01.xml").read_text(encoding="utf-8")


@pytest.mark.parametrize("version", ["001.02", "001.04", "001.08", "001.13"])
def test_every_version_of_camt_reads_the_same(read: Read, version: str) -> None:
    _, lines = read(CAMT.replace("001.08", version), name="a.xml")
    _, same = read(CAMT, name="b.xml")
    assert lines == same


@pytest.mark.parametrize(
    ("message", "report", "source_format"),
    [("BkToCstmrAcctRpt", "Rpt", "camt.052"), ("BkToCstmrDbtCdtNtfctn", "Ntfctn", "camt.054")],
)
def test_reports_and_notifications_read_like_statements(
    read: Read, message: str, report: str, source_format: str
) -> None:
    content = (
        CAMT.replace("BkToCstmrStmt", message)
        .replace("<Stmt>", f"<{report}>")
        .replace("</Stmt>", f"</{report}>")
    )
    statement, lines = read(content, name="a.xml")
    assert (statement.source_format, len(lines)) == (source_format, 6)


def test_camt_reads_with_a_namespace_prefix_and_in_utf_16(read: Read) -> None:
    prefixed = CAMT.replace("xmlns=", "xmlns:c=").replace("</", "</c:")
    prefixed = prefixed.replace("<?xml", "\0").replace("</c:", "\1").replace("<", "<c:").replace("\1", "</c:")
    _, lines = read(
        prefixed.replace("\0", "<?xml").replace("UTF-8", "UTF-16"), name="a.xml", encoding="utf-16"
    )
    assert len(lines) == 6


def test_payments_of_a_batch_that_do_not_sum_to_it_are_one_line(read: Read) -> None:
    _, lines = read(CAMT.replace('<Amt Ccy="EUR">60.00', '<Amt Ccy="EUR">61.00'), name="a.xml")
    assert [line["amount_minor"] for line in lines][:2] == [-9000, -5000]
    assert lines[0]["bank_reference"] == "B7"


def test_two_statements_of_one_account_have_the_first_opening_and_the_last_closing(read: Read) -> None:
    start, end = CAMT.index("<Stmt>"), CAMT.index("</Stmt>") + len("</Stmt>")
    second = CAMT[start:end].replace('<Amt Ccy="EUR">100.00', '<Amt Ccy="EUR">5.00')
    second = second.replace(">20.00</Amt><CdtDbtInd>DBIT", ">7.00</Amt><CdtDbtInd>DBIT")
    statement, lines = read(CAMT[:end] + second + CAMT[end:], name="a.xml")
    account = statement.accounts[0]
    assert (account.opening_balance_minor, account.closing_balance_minor, len(lines)) == (10000, -700, 12)
