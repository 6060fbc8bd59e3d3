"""OFX: 1.x as SGML without closing tags on values, and 2.x as XML."""

from __future__ import annotations

from datetime import date
from html import escape
from typing import TYPE_CHECKING

from flows.generator.events import ATM, BANK, CARD, DEBIT
from flows.generator.statements import decimal

if TYPE_CHECKING:
    from flows.generator.statements import Line, Statement

SGML_HEADER = (
    "OFXHEADER:100\r\nDATA:OFXSGML\r\nVERSION:102\r\nSECURITY:NONE\r\nENCODING:USASCII\r\nCHARSET:1252\r\n"
    "COMPRESSION:NONE\r\nOLDFILEUID:NONE\r\nNEWFILEUID:NONE\r\n\r\n"
)
XML_HEADER = (
    '<?xml version="1.0" encoding="UTF-8" standalone="no"?>\n'
    '<?OFX OFXHEADER="200" VERSION="211" SECURITY="NONE" OLDFILEUID="NONE" NEWFILEUID="NONE"?>\n'
)
NAME_LENGTH = 32
MEMO_LENGTH = 255
ACCOUNT_TYPES = {"checking": "CHECKING", "savings": "SAVINGS"}

#: How banks write a civil date: bare, at noon UTC, or at their own midnight.
DATE_STYLES = {"us-prairie": "{:%Y%m%d}120000[0:GMT]", "us-summit": "{:%Y%m%d}000000.000[-6:CST]"}


def ofx_date(day: date, bank: str) -> str:
    """A civil date as one bank writes it."""
    return DATE_STYLES.get(bank, "{:%Y%m%d}").format(day)


def transaction_type(line: Line) -> str:
    """OFX's own kind of a line."""
    if line.channel == CARD:
        return "POS" if line.amount_minor < 0 else "CREDIT"
    if line.channel == ATM:
        return "ATM"
    if line.kind in {"transfer", "card_payment"}:
        return "XFER"
    if line.channel == BANK:
        return "INT" if line.kind in {"income", "interest"} else "FEE"
    if line.channel == DEBIT:
        return "DIRECTDEBIT"
    return "DIRECTDEP" if line.kind == "income" else "PAYMENT" if line.amount_minor < 0 else "CREDIT"


def _entry(line: Line, currency: str, bank: str, end: dict[str, str]) -> str:
    name, memo = (
        escape(line.text[:NAME_LENGTH].strip(), quote=False),
        escape(line.text[:MEMO_LENGTH], quote=False),
    )
    fields = (
        f"<TRNTYPE>{transaction_type(line)}{end['TRNTYPE']}",
        f"<DTPOSTED>{ofx_date(line.booked_date, bank)}{end['DTPOSTED']}",
        f"<TRNAMT>{decimal(line.amount_minor, currency)}{end['TRNAMT']}",
        f"<FITID>{line.reference}{end['FITID']}",
        f"<NAME>{name}{end['NAME']}",
        "" if len(line.text) <= NAME_LENGTH else f"<MEMO>{memo}{end['MEMO']}",
    )
    return (
        f"<STMTTRN>{end['line']}{end['line'].join(filter(None, fields))}{end['line']}</STMTTRN>{end['line']}"
    )


def _account(statement: Statement, end: dict[str, str]) -> str:
    account = statement.account
    if account.kind == "card":
        return f"<CCACCTFROM><ACCTID>{account.ref}{end['ACCTID']}</CCACCTFROM>"
    return (
        f"<BANKACCTFROM><BANKID>{account.bank.code.upper()[:9]}{end['BANKID']}<ACCTID>{account.ref}{end['ACCTID']}"
        f"<ACCTTYPE>{ACCOUNT_TYPES.get(account.kind, 'CHECKING')}{end['ACCTTYPE']}</BANKACCTFROM>"
    )


def _document(statement: Statement, end: dict[str, str]) -> str:
    account = statement.account
    bank, line = account.bank.code, end["line"]
    outer, inner, body = (
        ("CREDITCARDMSGSRSV1", "CCSTMTTRNRS", "CCSTMTRS")
        if account.kind == "card"
        else ("BANKMSGSRSV1", "STMTTRNRS", "STMTRS")
    )
    entries = "".join(_entry(item, account.currency, bank, end) for item in statement.lines)
    status = f"<STATUS><CODE>0{end['CODE']}<SEVERITY>INFO{end['SEVERITY']}</STATUS>"
    return line.join(
        (
            f"<OFX><SIGNONMSGSRSV1><SONRS>{status}<DTSERVER>{statement.as_of:%Y%m%d}220000{end['DTSERVER']}"
            f"<LANGUAGE>ENG{end['LANGUAGE']}<FI><ORG>{escape(account.bank.name, quote=False)}{end['ORG']}"
            f"<FID>{bank}{end['FID']}</FI></SONRS></SIGNONMSGSRSV1>",
            f"<{outer}><{inner}><TRNUID>0{end['TRNUID']}{status}",
            f"<{body}><CURDEF>{account.currency}{end['CURDEF']}{_account(statement, end)}",
            f"<BANKTRANLIST><DTSTART>{ofx_date(statement.start, bank)}{end['DTSTART']}"
            f"<DTEND>{ofx_date(statement.as_of, bank)}{end['DTEND']}",
            f"{entries}</BANKTRANLIST>",
            f"<LEDGERBAL><BALAMT>{decimal(statement.closing_minor, account.currency)}{end['BALAMT']}"
            f"<DTASOF>{ofx_date(statement.as_of, bank)}{end['DTASOF']}</LEDGERBAL>",
            f"</{body}></{inner}></{outer}></OFX>",
            "",
        )
    )


class _Endings(dict[str, str]):
    """What follows a value: nothing in SGML, a closing tag in XML."""

    def __missing__(self, tag: str) -> str:
        return self["after"].format(tag)


def write_sgml(statement: Statement) -> tuple[bytes, list[int]]:
    """OFX 1.02 in Windows-1252."""
    text = SGML_HEADER + _document(statement, _Endings(after="", line="\r\n"))
    return text.encode("cp1252", "replace"), _ordinals(statement)


def write_xml(statement: Statement) -> tuple[bytes, list[int]]:
    """OFX 2.1.1 in UTF-8."""
    return (XML_HEADER + _document(statement, _Endings(after="</{}>", line="\n"))).encode(), _ordinals(
        statement
    )


def _ordinals(statement: Statement) -> list[int]:
    return list(range(1, len(statement.lines) + 1))
