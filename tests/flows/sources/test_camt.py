"""CAMT of any version, kind and encoding, each report held against its balances."""

from __future__ import annotations

import pytest

from tests.flows.sources.conftest import Read

KINDS = {
    "camt.052": ("BkToCstmrAcctRpt", "Rpt"),
    "camt.053": ("BkToCstmrStmt", "Stmt"),
    "camt.054": ("BkToCstmrDbtCdtNtfctn", "Ntfctn"),
}
BALANCE = (
    "<Bal><Tp><CdOrPrtry><Cd>{}</Cd></CdOrPrtry></Tp><Amt Ccy='EUR'>{}</Amt><CdtDbtInd>CRDT</CdtDbtInd>"
    "<Dt><Dt>2024-01-31</Dt></Dt></Bal>"
)
ENTRY = (
    "<Ntry><Amt Ccy='EUR'>10.00</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts>{}</Sts>"
    "<BookgDt><Dt>2024-01-02</Dt></BookgDt><NtryDtls><TxDtls><RltdPties>{}</RltdPties>"
    "<RmtInf><Ustrd>Müller</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>"
)


def message(
    kind: str, version: int, *, closing: str = "90.00", prefix: str = "", declared: str = "UTF-8"
) -> str:
    document, report = KINDS[kind]
    status = "<Cd>BOOK</Cd>" if version >= 8 else "BOOK"
    party = "<Cdtr><Pty><Nm>Shop</Nm></Pty></Cdtr>" if version >= 8 else "<Cdtr><Nm>Shop</Nm></Cdtr>"
    body = (
        f"<{document}><GrpHdr/><{report}><Id>7</Id><Acct><Id><IBAN>DE89370400440532013000</IBAN></Id></Acct>"
        f"{BALANCE.format('OPBD', '100.00')}{BALANCE.format('CLBD', closing)}{ENTRY.format(status, party)}"
        f"</{report}></{document}>"
    )
    namespace = f"urn:iso:std:iso:20022:tech:xsd:{kind}.001.{version:02}"
    if prefix:
        body = body.replace("</", "\0").replace("<", f"<{prefix}:").replace("\0", f"</{prefix}:")
        root = f"<{prefix}:Document xmlns:{prefix}='{namespace}'>{body}</{prefix}:Document>"
    else:
        root = f"<Document xmlns='{namespace}'>{body}</Document>"
    return f"<?xml version='1.0' encoding='{declared}'?>\n{root}"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("version", [1, 2, 4, 6, 8, 10, 13])
@pytest.mark.parametrize("prefix", ["", "ns2"])
def test_every_version_reads_alike(read: Read, kind: str, version: int, prefix: str) -> None:
    statement, (line,) = read(message(kind, version, prefix=prefix), name="a.xml")
    assert statement.source_format == kind
    told = (line["amount_minor"], line["counterparty"], line["description"], line["status"])
    assert told == (-1000, "Shop", "Shop Müller", "posted")
    assert statement.later_notes() == ()


@pytest.mark.parametrize(
    ("declared", "encoding"),
    [("UTF-8", "utf-8-sig"), ("ISO-8859-1", "latin-1"), ("UTF-16", "utf-16"), ("UTF-8", "cp1252")],
)
def test_a_wrong_encoding_is_seen_through(read: Read, declared: str, encoding: str) -> None:
    _, (line,) = read(message("camt.053", 2, declared=declared), name="a.xml", encoding=encoding)
    assert line["description"] == "Shop Müller"


def test_a_report_that_lacks_an_entry_is_told(read: Read) -> None:
    statement, _ = read(message("camt.053", 8, closing="85.50"), name="a.xml")
    assert statement.later_notes() == (
        (
            "statement 7 of DE89370400440532013000: the lines do not explain the balance: expected 90.00 EUR,"
            " stated 85.50 EUR, difference -4.50 EUR"
        ),
    )
